-- One event: idempotency result, epoch, sequence id, log entry, trimming and hand-over, all or nothing (G1).
-- Gives { duplicate, epoch, sequence id or '' }.
local stream, meta, result, channel, progress = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local window_ms, most, idempotency_ms = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local user_id, event_type, labels = ARGV[8], ARGV[9], ARGV[10]
-- In a cluster, PUBLISH would go to every node of it; SPUBLISH stays with the slot.
local head, tail, publish = ARGV[11], ARGV[12], ARGV[13]
-- Of an event that tells how far a task is, or, without the numbers, that its run is over.
local task_name, percent = ARGV[14], ARGV[17]

local first_answer = redis.call('GET', result)
if first_answer then
  local epoch, sequence = string.match(first_answer, '^(%S+) (%d*)$')
  return { 1, epoch, sequence }
end

local epoch, newest = adopt(stream, meta)
local now = now_ms()
local sequence, frame = '', nil
-- What is handed over: nothing of an update that would go backwards.
local record = nil

if percent then
  local step, total = tonumber(ARGV[15]), tonumber(ARGV[16])
  local update = { step = step, total = total, percent = percent, now = now, window_ms = window_ms }
  local task = advance(progress, task_name, update)
  frame = head .. progress_fields(task and task.percent or percent, task and remaining_ms(task)) .. tail
  if task then
    record = epoch .. ' ~ ' .. labels .. ' ' .. place_of(task) .. '\n' .. frame
    keep_task(progress, task_name, task, record)
    redis.call('PEXPIRE', progress, window_ms)
  end
else
  sequence = text(newest + 1)
  frame = head .. sequence .. tail
  record = epoch .. ' ' .. sequence .. ' ' .. labels .. '\n' .. frame
  redis.call('XADD', stream, sequence .. '-0', 'at', text(now), 'event', record)
  redis.call('HSET', meta, 'sequence_id', sequence, 'at', text(now))
  redis.call('PEXPIRE', stream, window_ms)
  redis.call('PEXPIRE', meta, memory_ms)
  trim_by_count(stream, meta, most)
  trim_by_age(stream, now - window_ms)
  if task_name then end_task(progress, task_name) end
end
redis.call('SET', result, epoch .. ' ' .. sequence, 'PX', idempotency_ms)
if record then redis.call(publish, channel, record) end
redis.call('PUBLISH', 'events:' .. event_type,
  '{"user_id":"' .. user_id .. '","epoch":"' .. epoch .. '",' .. string.sub(frame, 2))
return { 0, epoch, sequence }
