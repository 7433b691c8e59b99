-- Takes a place in a set of members that each expire at a time of their own. Gives 0, or the time in ms until one
-- falls free. Nothing is taken where there is none, or where only asked.
local places, member = KEYS[1], ARGV[1]
local most, hold_ms, reserve = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
local taken = redis.call('ZCARD', places)
if most > 0 and taken >= most and not redis.call('ZSCORE', places, member) then
  -- More than the limit allows, where others take it for higher: then it is not the first that has to go.
  local last_to_go = redis.call('ZRANGE', places, taken - most, taken - most, 'WITHSCORES')
  return math.max(1, tonumber(last_to_go[2]) - now)
end
if reserve then
  redis.call('ZADD', places, now + hold_ms, member)
  redis.call('PEXPIRE', places, hold_ms)
end
return 0
