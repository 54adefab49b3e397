-- Park one change of one alert for one receiver, once. Answers {outcome, cause, members of firings that are taken
-- back unsent, as JSON or ""}, the same when asked again; or {"look", alert id} if the retraction is about the firing of another alert than `stood`:
-- ask again with its key.
-- KEYS: due, alert, stood (the alert whose firing a person heard of; the alert itself if none), superseded alerts…
-- ARGV: order (JSON: alert_id sequence state now give_up_at ttl keep trace_id origin superseded_by stood every_change,
--       past {outcome cause attempts due} for what is known of a change from the topic `deliveries`), alert (JSON)
local o = cjson.decode(ARGV[1])
local due, key, stood = KEYS[1], KEYS[2], KEYS[3]
local past = o.past or {}

local function get(k, ...) return redis.call('HMGET', k, ...) end
local function set(...) redis.call('HSET', ...) end
local function of(sequence, name) return sequence .. ':' .. name end

local known = get(key, of(o.sequence, 'outcome'), of(o.sequence, 'cause'), of(o.sequence, 'took_back'))
-- A ledger that was restored from an older copy may hold as pending what has ended since.
if known[1] and not (known[1] == 'pending' and past.outcome) then return {known[1], known[2] or '', known[3] or ''} end

local last, replaced_by, stand = unpack(get(key, 'last', 'replaced_by', 'stand'))
local is_old = last and tonumber(o.sequence) < tonumber(last)
stand = stand or ''
local took_back = ''

local function close(k, alert_id, sequence, outcome, cause)
  local left = {}
  for other in string.gmatch(redis.call('HGET', k, 'pending') or '', '[^,]+') do
    if other ~= sequence then left[#left + 1] = other end
  end
  set(k, of(sequence, 'outcome'), outcome, of(sequence, 'cause'), cause, of(sequence, 'ended_at'), o.now,
      'pending', table.concat(left, ','))
  redis.call('HDEL', k, of(sequence, 'alert'), of(sequence, 'lease'))
  redis.call('ZREM', due, alert_id .. ':' .. sequence)
  redis.call('EXPIRE', k, #left > 0 and o.ttl or o.keep)
end

local function ended(outcome, cause)
  set(key, of(o.sequence, 'state'), o.state, of(o.sequence, 'took_back'), took_back)
  if not is_old then set(key, 'last', o.sequence) end
  close(key, o.alert_id, o.sequence, outcome, cause)
  return {outcome, cause, took_back}
end

-- Which message of a receiver's all this belongs to.
if not redis.call('HGET', key, 'incident') then
  local incident = o.alert_id
  for i = 4, #KEYS do incident = redis.call('HGET', KEYS[i], 'incident') or incident end
  set(key, 'incident', incident)
end

if past.outcome == 'delivered' then
  set(key, 'told', o.state, 'stand', o.state == 'firing' and o.alert_id or '')
  return ended('delivered', past.cause)
elseif past.outcome == 'failed' then
  local stands = o.state == 'firing' and redis.call('HGET', key, 'told') == 'firing'
  set(key, 'stand', stands and o.alert_id or '')
  return ended('failed', past.cause)
end

if o.state == 'firing' then
  if replaced_by and (is_old or not last) then -- the alert that took its place came in before it
    if not last then set(key, 'stand', replaced_by) end
    return ended('suppressed', 'superseded')
  end
  if is_old then return ended('suppressed', 'outdated') end
  redis.call('HDEL', key, 'replaced_by')
  for i = 4, o.every_change and 0 or #KEYS do
    local old = redis.call('HGET', KEYS[i], 'stand')
    if old and old ~= '' then
      set(key, 'stand', old)
      return ended('suppressed', 'supersedes')
    end
  end
  for i = 4, o.every_change and 0 or #KEYS do -- should a superseded alert come in after this one, it is not told either
    if not redis.call('HGET', KEYS[i], 'last') then
      set(KEYS[i], 'replaced_by', o.alert_id)
      redis.call('EXPIRE', KEYS[i], o.keep)
    end
  end
  -- It changes nothing of what an earlier firing stands for; one whose retraction failed stands again with it.
  if past.outcome == 'suppressed' then
    if redis.call('HGET', key, 'told') == 'firing' then set(key, 'stand', o.alert_id) end
    return ended('suppressed', past.cause)
  end
  stand = o.alert_id
else -- a retraction
  if is_old then return ended('suppressed', 'outdated') end
  if o.superseded_by ~= '' then return ended('suppressed', 'superseded') end
  redis.call('HDEL', key, 'replaced_by')
  if stand == '' then return ended('suppressed', 'untold') end
  local whose, base = o.alert_id, key
  if stand ~= o.alert_id then
    if stand ~= o.stood then return {'look', stand} end
    whose, base = stand, stood
  end
  set(key, 'stand', '')
  if past.outcome == 'suppressed' then return ended('suppressed', past.cause) end
  local before, told = unpack(get(base, 'pending', 'told'))
  local waiting = {}
  for sequence in string.gmatch(before or '', '[^,]+') do waiting[#waiting + 1] = sequence end
  local taken = {}
  while #waiting > 0 do -- firings that nobody has heard of yet
    local newest = waiting[#waiting]
    local state, attempts = unpack(get(base, of(newest, 'state'), of(newest, 'attempts')))
    if state ~= 'firing' or tonumber(attempts) > 0 then break end
    close(base, whose, newest, 'suppressed', 'retracted')
    table.insert(taken, 1, whose .. ':' .. newest)
    waiting[#waiting] = nil
  end
  if #taken > 0 then took_back = cjson.encode(taken) end
  local last_word = told
  if #waiting > 0 then last_word = redis.call('HGET', base, of(waiting[#waiting], 'state')) end
  if last_word ~= 'firing' then return ended('suppressed', #taken > 0 and 'unsent' or 'untold') end
  set(key, of(o.sequence, 'stood'), whose)
  stand = ''
end

local pending = redis.call('HGET', key, 'pending') or ''
if pending ~= '' then pending = pending .. ',' end
set(key, of(o.sequence, 'outcome'), 'pending', of(o.sequence, 'cause'), '', of(o.sequence, 'state'), o.state,
    of(o.sequence, 'alert'), ARGV[2], of(o.sequence, 'trace_id'), o.trace_id, of(o.sequence, 'origin'), o.origin,
    of(o.sequence, 'took_back'), took_back, of(o.sequence, 'attempts'), past.attempts or 0, of(o.sequence, 'accepted_at'), o.now,
    of(o.sequence, 'give_up_at'), o.give_up_at, 'pending', pending .. o.sequence, 'last', o.sequence, 'stand', stand)
redis.call('EXPIRE', key, o.ttl)
redis.call('ZADD', due, past.due or o.now, o.alert_id .. ':' .. o.sequence)
redis.call('EXPIRE', due, o.ttl)
return {'pending', '', took_back}
