"""The contract of Tocsin: what travels on Kafka, and nothing else.

Records are plain pydantic models; `codec` turns them into bytes and back; `names` gives the topics in order of flow.
Nothing in here knows a worker, a model of language, Redis or HTTP.
"""
