-- Remembers an article and its story, if no possible copy has come since its bands were read.
-- KEYS: article, bands of its own era …, bands of the eras before and after …
-- ARGV: article id, value, number of articles seen in all bands, bands of its own era, seconds to live, most articles a band
-- Answers: the article's value, if it has one already; 'ok' if it was stored; 'moved' if somebody joined the bands.

local known = redis.call('GET', KEYS[1])
if known then return known end

if #KEYS > 1 then
  local seen = redis.call('SUNION', unpack(KEYS, 2))
  local others = 0
  for _, article in ipairs(seen) do
    if article ~= ARGV[1] then others = others + 1 end
  end
  if others ~= tonumber(ARGV[3]) then return 'moved' end
  for i = 2, 1 + tonumber(ARGV[4]) do
    if redis.call('SCARD', KEYS[i]) < tonumber(ARGV[6]) then
      redis.call('SADD', KEYS[i], ARGV[1])
      redis.call('EXPIRE', KEYS[i], ARGV[5])
    end
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[5])
return 'ok'
