-- Park one change of one alert for one receiver, once. Answers {outcome, cause, what is therefore not sent}, the last
-- as JSON ([member, cause] …) or "", the same when asked again; or {"look", alert id} if the retraction is about the
-- firing of another alert than `stood`: ask again with its key.
-- KEYS: due, alert, stood (the alert whose firing a person heard of; the alert itself if none), group, superseded alerts…
-- ARGV: order (JSON: alert_id sequence state update now give_up_at ttl keep trace_id origin superseded_by stood
--       every_change wants_updates, group wait interval urgent for when it is told,
--       past {outcome cause attempts due batch muted told_at again} for what is known of a change from the topic `deliveries`),
--       alert (JSON)
local o = cjson.decode(ARGV[1])
local due, key, stood, group = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local FIRST_OLD = 5
local past = o.past or {}
local member = o.alert_id .. ':' .. o.sequence

local function get(k, ...) return redis.call('HMGET', k, ...) end
local function set(...) redis.call('HSET', ...) end
local function of(sequence, name) return sequence .. ':' .. name end
local function listed(text)
  local found = {}
  for one in string.gmatch(text or '', '[^,]+') do found[#found + 1] = one end
  return found
end

local known = get(key, of(o.sequence, 'outcome'), of(o.sequence, 'cause'), of(o.sequence, 'took_back'))
-- A ledger that was restored from an older copy may hold as pending what has ended since.
if known[1] and not (known[1] == 'pending' and past.outcome) then return {known[1], known[2] or '', known[3] or ''} end

local last, replaced_by, stand, told = unpack(get(key, 'last', 'replaced_by', 'stand', 'told'))
local is_old = last and tonumber(o.sequence) < tonumber(last)
stand = stand or ''
local took_back = {}

local function without(k, sequence)
  local left = {}
  for _, other in ipairs(listed(redis.call('HGET', k, 'pending'))) do
    if other ~= sequence then left[#left + 1] = other end
  end
  set(k, 'pending', table.concat(left, ','))
  return left
end

local function close(k, alert_id, sequence, outcome, cause)
  local left = without(k, sequence)
  set(k, of(sequence, 'outcome'), outcome, of(sequence, 'cause'), cause, of(sequence, 'ended_at'), o.now)
  redis.call('HDEL', k, of(sequence, 'alert'), of(sequence, 'lease'), of(sequence, 'batch'))
  redis.call('ZREM', due, alert_id .. ':' .. sequence)
  redis.call('EXPIRE', k, #left > 0 and o.ttl or o.keep)
end

local function take_back(k, alert_id, sequence, cause)
  close(k, alert_id, sequence, 'suppressed', cause)
  table.insert(took_back, 1, {alert_id .. ':' .. sequence, cause})
end

local function taken()
  return #took_back > 0 and cjson.encode(took_back) or ''
end

local function ended(outcome, cause)
  set(key, of(o.sequence, 'state'), o.state, of(o.sequence, 'took_back'), taken())
  if not is_old then set(key, 'last', o.sequence) end
  close(key, o.alert_id, o.sequence, outcome, cause)
  return {outcome, cause, taken()}
end

-- Changes that only time brings about, a repeat or a closing, and that nobody has begun to send.
local function timers(k)
  local found = {}
  for _, sequence in ipairs(listed(redis.call('HGET', k, 'pending'))) do
    local kind, attempts = unpack(get(k, of(sequence, 'kind'), of(sequence, 'attempts')))
    if kind and kind ~= '' and tonumber(attempts) == 0 then found[#found + 1] = sequence end
  end
  return found
end
local function drop_timers(k, alert_id)
  for _, sequence in ipairs(timers(k)) do
    without(k, sequence)
    for _, name in ipairs({'outcome', 'state', 'alert', 'kind', 'attempts', 'accepted_at', 'give_up_at', 'group',
                           'trace_id', 'origin', 'muted'}) do
      redis.call('HDEL', k, of(sequence, name))
    end
    redis.call('ZREM', due, alert_id .. ':' .. sequence)
  end
end
local function set_timers(left)
  for _, timer in ipairs(past.again or {}) do
    set(key, of(timer.sequence, 'outcome'), 'pending', of(timer.sequence, 'state'), 'firing',
        of(timer.sequence, 'alert'), ARGV[2], of(timer.sequence, 'kind'), timer.kind, of(timer.sequence, 'attempts'), 0,
        of(timer.sequence, 'accepted_at'), o.now, of(timer.sequence, 'give_up_at'), timer.give_up_at,
        of(timer.sequence, 'group'), o.group)
    left[#left + 1] = timer.sequence
    redis.call('ZADD', due, timer.at, o.alert_id .. ':' .. timer.sequence)
    if o.group ~= '' then set(group, 'm:' .. o.alert_id .. ':' .. timer.sequence, '') end
  end
  set(key, 'pending', table.concat(left, ','))
  redis.call('EXPIRE', key, o.ttl)
  redis.call('EXPIRE', due, o.ttl)
end

-- When it is told: at once, or with its group.
local function moment()
  if past.due then return past.due end
  if o.group == '' then
    local told_at = o.update and redis.call('HGET', key, 'told_at')
    return told_at and math.max(o.now, tonumber(told_at) + o.interval) or o.now + o.wait
  end
  local g = get(group, 'told_at', 'flush_at')
  local flush_at = tonumber(g[2] or '0')
  local at = flush_at
  if o.urgent then -- and what waits in its group with it
    at = o.now
    for _, name in ipairs(redis.call('HKEYS', group)) do
      local other = string.match(name, '^m:(.*)$')
      local score = other and redis.call('ZSCORE', due, other)
      if score and tonumber(score) == flush_at and flush_at > o.now then redis.call('ZADD', due, o.now, other) end
    end
  elseif flush_at <= o.now then
    at = math.max(o.now + o.wait, tonumber(g[1] or '-inf') + o.interval)
  end
  set(group, 'flush_at', string.format('%.3f', at))
  return tonumber(string.format('%.3f', at))
end

-- Which message of a receiver's all this belongs to.
if not redis.call('HGET', key, 'incident') then
  local incident = o.alert_id
  for i = FIRST_OLD, #KEYS do incident = redis.call('HGET', KEYS[i], 'incident') or incident end
  set(key, 'incident', incident)
end

if past.outcome == 'delivered' then
  if not is_old then drop_timers(key, o.alert_id) end
  set(key, 'told', o.state, 'told_at', past.told_at or o.now, 'stand', o.state == 'firing' and o.alert_id or '')
  local answer = ended('delivered', past.cause)
  if o.state == 'firing' and not is_old then set_timers(listed(redis.call('HGET', key, 'pending'))) end
  return answer
elseif past.outcome == 'failed' then
  local stands = o.state == 'firing' and told == 'firing'
  set(key, 'stand', stands and o.alert_id or '')
  return ended('failed', past.cause)
end
local proven = past.attempts and past.attempts > 0 -- it was being tried, so it was right to send it
local at, muted = nil, past.muted or ''

if o.state == 'firing' then
  if not proven and replaced_by and (is_old or not last) then -- the alert that took its place came in before it
    if not last then set(key, 'stand', replaced_by) end
    return ended('suppressed', 'superseded')
  end
  if is_old and not proven then return ended('suppressed', 'outdated') end
  redis.call('HDEL', key, 'replaced_by')
  for i = FIRST_OLD, (o.every_change or proven) and 0 or #KEYS do
    local old = redis.call('HGET', KEYS[i], 'stand')
    if old and old ~= '' then
      local waiting = listed(redis.call('HGET', KEYS[i], 'pending'))
      local state, attempts, silent = unpack(get(KEYS[i], of(waiting[1] or '', 'state'), of(waiting[1] or '', 'attempts'),
                                                 of(waiting[1] or '', 'muted')))
      local itself = string.match(KEYS[i], ':alert:(.*)$') == old
      -- Not if this one, old news, will not be told either.
      if itself and state == 'firing' and attempts == '0' and silent and silent ~= '' and #waiting == 1
          and redis.call('HGET', KEYS[i], 'told') ~= 'firing' and past.outcome ~= 'suppressed' then
        take_back(KEYS[i], old, waiting[1], 'superseded') -- nobody heard of it: this one takes its place
        set(KEYS[i], 'stand', '')
      else
        set(key, 'stand', old)
        return ended('suppressed', 'supersedes')
      end
    end
  end
  for i = FIRST_OLD, o.every_change and 0 or #KEYS do -- should a superseded alert come in after this one, it is not told either
    if not redis.call('HGET', KEYS[i], 'last') then
      set(KEYS[i], 'replaced_by', o.alert_id)
      redis.call('EXPIRE', KEYS[i], o.keep)
    end
  end
  -- It changes nothing of what an earlier firing stands for; one whose retraction failed stands again with it.
  if past.outcome == 'suppressed' then
    if told == 'firing' then
      set(key, 'stand', o.alert_id)
    elseif past.cause == 'supersedes' and #KEYS >= FIRST_OLD then -- it stood for one whose firing has failed since
      set(key, 'stand', string.match(KEYS[FIRST_OLD], ':alert:(.*)$'))
    end
    return ended('suppressed', past.cause)
  end
  if o.update and not proven then
    local waiting = listed(redis.call('HGET', key, 'pending'))
    local ringing = told == 'firing'
    for place = #waiting, 1, -1 do
      local sequence = waiting[place]
      local state, attempts, kind, batch, silent = unpack(get(key, of(sequence, 'state'), of(sequence, 'attempts'),
        of(sequence, 'kind'), of(sequence, 'batch'), of(sequence, 'muted')))
      if (kind or '') == '' then
        ringing = state == 'firing'
        if ringing and attempts == '0' and (batch or '') == '' then -- nobody heard of it: this is what they hear
          -- What was muted is looked at anew, so that its mute is recorded.
          at = (silent or '') == '' and redis.call('ZSCORE', due, o.alert_id .. ':' .. sequence) or o.now
          take_back(key, o.alert_id, sequence, 'updated')
        end
        break
      end
    end
    if not at and stand ~= '' and stand ~= o.alert_id and not o.every_change then
      return ended('suppressed', 'supersedes')
    end
    if not at and ringing and not o.wants_updates then
      for _, sequence in ipairs(timers(key)) do set(key, of(sequence, 'alert'), ARGV[2]) end
      return ended('suppressed', 'update')
    end
  end
  stand = o.alert_id
else -- a retraction
  if is_old and not proven then return ended('suppressed', 'outdated') end
  drop_timers(key, o.alert_id)
  if o.superseded_by ~= '' and not proven then return ended('suppressed', 'superseded') end
  redis.call('HDEL', key, 'replaced_by')
  if stand == '' and not proven then return ended('suppressed', 'untold') end
  local whose, base = o.alert_id, key
  proven = proven and (stand == '' and 'of whom nobody knows' or 'as it was')
  if stand ~= '' and stand ~= o.alert_id then
    if stand ~= o.stood then return {'look', stand} end
    whose, base = stand, stood
    drop_timers(base, whose)
  end
  set(key, 'stand', '')
  if past.outcome == 'suppressed' then return ended('suppressed', past.cause) end
  local before
  before, told = unpack(get(base, 'pending', 'told'))
  local waiting = listed(before)
  while #waiting > 0 and not proven do -- firings that nobody has heard of yet
    local newest = waiting[#waiting]
    local state, attempts = unpack(get(base, of(newest, 'state'), of(newest, 'attempts')))
    if state ~= 'firing' or tonumber(attempts) > 0 then break end
    take_back(base, whose, newest, 'retracted')
    waiting[#waiting] = nil
  end
  local last_word = told
  if #waiting > 0 then last_word = redis.call('HGET', base, of(waiting[#waiting], 'state')) end
  if last_word ~= 'firing' and not proven then return ended('suppressed', #took_back > 0 and 'unsent' or 'untold') end
  set(key, of(o.sequence, 'stood'), whose)
  stand = ''
end

drop_timers(key, o.alert_id)
at = at or moment()
local pending = redis.call('HGET', key, 'pending') or ''
if pending ~= '' then pending = pending .. ',' end
set(key, of(o.sequence, 'outcome'), 'pending', of(o.sequence, 'cause'), '', of(o.sequence, 'state'), o.state,
    of(o.sequence, 'alert'), ARGV[2], of(o.sequence, 'trace_id'), o.trace_id, of(o.sequence, 'origin'), o.origin,
    of(o.sequence, 'took_back'), taken(), of(o.sequence, 'attempts'), past.attempts or 0, of(o.sequence, 'accepted_at'),
    o.now, of(o.sequence, 'give_up_at'), o.give_up_at, 'pending', pending .. o.sequence, 'stand', stand,
    of(o.sequence, 'kind'), '', of(o.sequence, 'group'), o.group, of(o.sequence, 'muted'), muted,
    of(o.sequence, 'proven'), proven == 'of whom nobody knows' and '1' or '', of(o.sequence, 'batch'), past.batch or '')
if not is_old then set(key, 'last', o.sequence) end
redis.call('EXPIRE', key, o.ttl)
redis.call('ZADD', due, at, member)
redis.call('EXPIRE', due, o.ttl)
if o.group ~= '' then
  set(group, 'm:' .. member, '')
  redis.call('EXPIRE', group, o.ttl)
end
return {'pending', '', taken()}
