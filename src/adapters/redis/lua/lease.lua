-- Writes hashes and how long they stand, in one step: a writer that is killed between the two would leave them for
-- ever.
-- ARGV: lease in ms; for each key the number of words, then field, value, field, value, ...
local word = 2
for _, key in ipairs(KEYS) do
  local words = tonumber(ARGV[word])
  redis.call('HSET', key, unpack(ARGV, word + 1, word + words))
  redis.call('PEXPIRE', key, ARGV[1])
  word = word + words + 1
end
