-- Takes a place in a set of members that each expire at a time of their own. Gives 0, or the time in ms until the
-- first place falls free. Nothing is taken where there is none, or where only asked.
local places, member = KEYS[1], ARGV[1]
local most, hold_ms, reserve = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
if most > 0 and redis.call('ZCARD', places) >= most and not redis.call('ZSCORE', places, member) then
  local first = redis.call('ZRANGE', places, 0, 0, 'WITHSCORES')
  return math.max(1, tonumber(first[2]) - now)
end
if reserve then
  redis.call('ZADD', places, now + hold_ms, member)
  redis.call('PEXPIRE', places, hold_ms)
end
return 0
