-- Remembers an article and its story, if no possible copy has come since its bands were read.
-- KEYS: article, bands of its own era …, bands of the eras before and after …
-- ARGV: article id, value, bands of its own era, seconds to live, most articles a band, articles seen in all bands …
-- Answers: the article's value, if it has one already; 'ok' if it was stored; 'moved' if somebody joined the bands.

local known = redis.call('GET', KEYS[1])
if known then return known end

if #KEYS > 1 then
  -- By name and not by number: one that was expected may be missing while another came.
  local seen = {[ARGV[1]] = true}
  for i = 6, #ARGV do seen[ARGV[i]] = true end
  local there = redis.call('SUNION', unpack(KEYS, 2))
  local expected = #ARGV - 5
  for _, article in ipairs(there) do
    if not seen[article] then return 'moved' end
    if article ~= ARGV[1] then expected = expected - 1 end
  end
  if expected ~= 0 then return 'moved' end
  for i = 2, 1 + tonumber(ARGV[3]) do
    if redis.call('SCARD', KEYS[i]) < tonumber(ARGV[5]) then
      redis.call('SADD', KEYS[i], ARGV[1])
      redis.call('EXPIRE', KEYS[i], ARGV[4])
    end
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[4])
return 'ok'
