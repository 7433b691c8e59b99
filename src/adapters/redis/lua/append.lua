-- One event: idempotency result, epoch, sequence id, log entry, trimming and hand-over, all or nothing (G1).
-- Gives { duplicate, epoch, sequence id or '' }.
local stream, meta, result, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local candidate, skip, memory_ms = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local window_ms, most, idempotency_ms = tonumber(ARGV[4]), ARGV[5], ARGV[6]
local user_id, event_type, labels, ephemeral = ARGV[7], ARGV[8], ARGV[9], ARGV[10] == '1'
-- In a cluster, PUBLISH would go to every node of it; SPUBLISH stays with the slot.
local head, tail, publish = ARGV[11], ARGV[12], ARGV[13]

local first_answer = redis.call('GET', result)
if first_answer then
  local epoch, sequence = string.match(first_answer, '^(%S+) (%d*)$')
  return { 1, epoch, sequence }
end

local epoch, newest = adopt(stream, meta, candidate, skip, memory_ms)
local sequence = ephemeral and '' or text(newest + 1)
local frame = head .. sequence .. tail
local record = epoch .. ' ' .. (ephemeral and '~' or sequence) .. ' ' .. labels .. '\n' .. frame

if not ephemeral then
  local now = now_ms()
  redis.call('XADD', stream, sequence .. '-0', 'at', text(now), 'event', record)
  redis.call('HSET', meta, 'sequence_id', sequence, 'at', text(now))
  redis.call('PEXPIRE', stream, window_ms)
  redis.call('PEXPIRE', meta, memory_ms)
  trim_by_count(stream, meta, most)
  trim_by_age(stream, now - window_ms)
end
redis.call('SET', result, epoch .. ' ' .. sequence, 'PX', idempotency_ms)
redis.call(publish, channel, record)
redis.call('PUBLISH', 'events:' .. event_type,
  '{"user_id":"' .. user_id .. '","epoch":"' .. epoch .. '",' .. string.sub(frame, 2))
return { 0, epoch, sequence }
