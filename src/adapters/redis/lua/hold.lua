-- Holds places that are known to be theirs, each for a while longer. ARGV: how long in ms, then the member of each key.
local time = redis.call('TIME')
local expires_at = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
for index, key in ipairs(KEYS) do
  redis.call('ZADD', key, expires_at, ARGV[index + 1])
  redis.call('PEXPIRE', key, ARGV[1])
end
