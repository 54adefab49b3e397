-- Remembers an article, its story and its text, if nothing of what they were found by has changed since it was read.
-- KEYS: hash …
-- ARGV: seconds to live; JSON of three lists, in which a hash is named by its place among the keys:
--   {hash, field, the length that it had} of cells that were read; {hash, field, articles it had, 0 if it was not there}
--   of the story that changes, if any; {hash, field, value} of cells to be written
-- Answers: 'ok', or 'moved' if somebody has written there since. Postings only grow until they are full, so their length
--   tells; a story begins with the number of its articles.

local todo = cjson.decode(ARGV[2])
for _, cell in ipairs(todo[1]) do
  if redis.call('HSTRLEN', KEYS[cell[1]], cell[2]) ~= cell[3] then return 'moved' end
end
for _, cell in ipairs(todo[2]) do
  local story = redis.call('HGET', KEYS[cell[1]], cell[2])
  local articles = story and string.match(story, '^%[(%d+),') or '0'
  if tonumber(articles) ~= cell[3] then return 'moved' end
end
for _, cell in ipairs(todo[3]) do
  redis.call('HSET', KEYS[cell[1]], cell[2], cell[3])
  redis.call('EXPIRE', KEYS[cell[1]], ARGV[1])
end
return 'ok'
