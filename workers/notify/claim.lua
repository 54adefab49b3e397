-- Take a parked change, and those that are told together with it, so that no other worker sends them before the lease
-- ends. Answers nil, or {"wait", until} if the receiver must be left alone until then ("" for until somebody enables
-- it), or {"send" | "untold" | "expired", attempts, give_up_at, failures, failing, memo, batch, changes}, and of each of
-- the changes {member, alert, trace_id, accepted_at, origin, reason, told, kind}.
-- KEYS: due, receiver, group, batches, then for each change, the first leads: alert, stood (the alert whose firing a
--       retraction is about), incident (whose message it belongs to)
-- ARGV: order (JSON: now token lease_until interval circuit_after patience group batch (what the caller knows of it),
--       changes {member sequence} …)
local o = cjson.decode(ARGV[1])
local due, receiver, group, batches = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local lead = o.changes[1]

local function get(k, name) return redis.call('HGET', k, name) end
for place, change in ipairs(o.changes) do
  change.key, change.stood, change.incident = KEYS[2 + 3 * place], KEYS[3 + 3 * place], KEYS[4 + 3 * place]
  change.of = function(name) return change.sequence .. ':' .. name end
  change.get = function(name) return get(change.key, change.of(name)) end
end
local key, stood = lead.key, lead.stood

local score = redis.call('ZSCORE', due, lead.member)
if not score then return nil end
if lead.get('outcome') ~= 'pending' then -- ended or expired: nothing is left to send
  redis.call('ZREM', due, lead.member)
  redis.call('HDEL', group, 'm:' .. lead.member)
  return nil
end

local function claimed(what, changes)
  local r = redis.call('HMGET', receiver, 'failures', 'failing')
  local told = {}
  for place, change in ipairs(changes) do
    local t = redis.call('HMGET', change.key, change.of('alert'), change.of('trace_id'), change.of('accepted_at'),
                         change.of('origin'), change.of('reason'), 'told', change.of('kind'))
    told[place] = {change.member, t[1] or '', t[2] or '', t[3], t[4] or '', t[5] or '', t[6] or '', t[7] or ''}
  end
  return {what, tonumber(lead.get('attempts')), lead.get('give_up_at'), tonumber(r[1] or '0'), r[2] or '',
          get(lead.incident, 'memo') or '', lead.get('batch') or '', told}
end

local function hold(what, changes)
  for _, change in ipairs(changes) do
    redis.call('HSET', change.key, change.of('lease'), o.token, change.of('what'), what)
    redis.call('ZADD', due, o.lease_until, change.member)
  end
  return claimed(what, changes)
end

if lead.get('lease') == o.token then -- the same command, sent again
  local mine = {}
  for _, change in ipairs(o.changes) do
    if change.get('lease') == o.token then mine[#mine + 1] = change end
  end
  return claimed(lead.get('what'), mine)
end
if tonumber(score) > o.now then return nil end
if (lead.get('batch') or '') ~= o.batch then return nil end -- the caller looked before another worker sealed it

-- After what came before it of the same alert, and a retraction after the firing that it is about.
local function first_waiting(k, itself)
  for sequence in string.gmatch(get(k, 'pending') or '', '[^,]+') do
    local kind, attempts = unpack(redis.call('HMGET', k, sequence .. ':kind', sequence .. ':attempts'))
    -- A repeat or a closing that nobody has begun to send is in nobody's way.
    if sequence == itself or (kind or '') == '' or attempts ~= '0' then return sequence end
  end
end
local function later(k, sequence)
  -- While that one is under way look again soon: it will end long before its lease does.
  local after = o.now + 0.25
  if not get(k, sequence .. ':lease') then
    local member = string.match(k, ':alert:(.*)$') .. ':' .. sequence
    after = math.max(after, tonumber(redis.call('ZSCORE', due, member) or o.now))
  end
  redis.call('ZADD', due, after, lead.member)
  return nil
end
local front = first_waiting(key, lead.sequence)
if front ~= lead.sequence then return later(key, front) end
if lead.get('state') == 'retracted' then
  if stood ~= key and first_waiting(stood) then return later(stood, first_waiting(stood)) end
  if get(stood, 'told') ~= 'firing' and (lead.get('proven') or '') == '' then return hold('untold', {lead}) end
end

-- What is told together: all of a notification that was made before, or what of its group may be told now.
local together = {lead}
for place = 2, #o.changes do
  local change = o.changes[place]
  local at = redis.call('ZSCORE', due, change.member)
  if change.get('outcome') ~= 'pending' then
    redis.call('HDEL', group, 'm:' .. change.member)
  elseif at and tonumber(at) <= o.now and (change.get('batch') or '') == o.batch
      and first_waiting(change.key, change.sequence) == change.sequence then
    local ready = true
    if o.batch == '' and change.get('state') == 'retracted' then
      ready = get(change.stood, 'told') == 'firing' and (change.stood == change.key or not first_waiting(change.stood))
    end
    if ready then together[#together + 1] = change end
  end
end

local r = redis.call('HMGET', receiver, 'disabled', 'open_until', 'next_at', 'failures')
local open_until, next_at = tonumber(r[2] or '0'), tonumber(r[3] or '0')
local failing = tonumber(r[4] or '0') >= o.circuit_after
local attempts = tonumber(lead.get('attempts'))
-- What was held back has its whole schedule before it.
local held = o.group ~= '' or (lead.get('muted') or '') ~= '' or (lead.get('kind') or '') ~= ''
local give_up_at = tonumber(lead.get('give_up_at'))
if attempts == 0 and held and not lead.get('begun') then
  give_up_at = math.max(give_up_at, o.now + o.patience)
  for _, change in ipairs(together) do
    redis.call('HSET', change.key, change.of('give_up_at'), string.format('%.3f', give_up_at), change.of('begun'), '1')
  end
end
if r[1] or open_until > o.now then
  if o.now < give_up_at then
    return {'wait', r[1] and '' or string.format('%.3f', open_until)}
  end
  if r[1] or failing then return hold('expired', together) end -- else it only asked for a pause: the last try is made
end
if next_at > o.now then return {'wait', string.format('%.3f', next_at)} end
if o.interval > 0 then redis.call('HSET', receiver, 'next_at', string.format('%.3f', o.now + o.interval)) end
-- One worker at a time tries whether a receiver that failed so often is well again.
if failing then redis.call('HSET', receiver, 'open_until', o.lease_until) end
if o.group ~= '' and o.batch == '' then -- a notification is made: from now on it is what it is, at every attempt
  local members = {}
  for place, change in ipairs(together) do members[place] = change.member end
  table.sort(members)
  local batch = 'group_' .. string.sub(redis.sha1hex(o.group .. ' ' .. table.concat(members, ' ')), 1, 24)
  redis.call('HSET', batches, batch, cjson.encode(members))
  for _, change in ipairs(together) do
    redis.call('HSET', change.key, change.of('batch'), batch)
    redis.call('HDEL', group, 'm:' .. change.member)
  end
  redis.call('HSET', group, 'told_at', string.format('%.3f', o.now))
end
for _, change in ipairs(together) do
  redis.call('HSET', change.key, change.of('attempts'), attempts + 1)
end
return hold('send', together)
