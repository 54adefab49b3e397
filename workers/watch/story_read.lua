-- Reads cells, and says what was written since the caller last knew what is here.
-- KEYS: version, log, then the hash of each cell
-- ARGV: the version that the caller knows, then the field of each cell
-- Answers: version; '' if it is the caller's, a JSON array of the log's entries since, or '*' if they are not known;
--   then for each cell that is not empty: its place among the cells (from 0), the cell

local function number(version) return tonumber(string.match(version, '^%d+') or '') end

-- An entry of the log begins with the version that it led to (see story_commit.lua).
local function since(known, version)
  local before, now = number(known), number(version)
  if not before or not now or before >= now then return '*' end
  local entries = redis.call('LRANGE', KEYS[2], before - now - 1, -1)
  local head = '["' .. known .. '",'
  if #entries ~= now - before + 1 or string.sub(entries[1], 1, #head) ~= head then return '*' end
  return '[' .. table.concat(entries, ',', 2) .. ']'
end

local version = redis.call('GET', KEYS[1]) or ''
local found = {version, version == ARGV[1] and '' or since(ARGV[1], version)}
for i = 3, #KEYS do
  local cell = redis.call('HGET', KEYS[i], ARGV[i - 1])
  if cell then
    found[#found + 1] = i - 3
    found[#found + 1] = cell
  end
end
return found
