-- Events, one after the other; of each: idempotency result, epoch, sequence id, log entry, trimming and hand-over, all or
-- nothing (G1). Gives a string for each: `<1 for a duplicate, else 0> <epoch> <sequence id or nothing>`, or `!` and why not.
local window_ms, most, idempotency_ms = tonumber(ARGV[5]), ARGV[6], ARGV[7]
-- In a cluster, PUBLISH would go to every node of it; SPUBLISH stays with the slot.
local publish = ARGV[8]
local keys_of_event, first_word, words_of_event = 5, 9, 9
local now = now_ms()

local function append(key, word)
  local stream, meta, result, channel, progress = KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3], KEYS[key + 4]
  local user_id, event_type, labels, head, tail = ARGV[word], ARGV[word + 1], ARGV[word + 2], ARGV[word + 3], ARGV[word + 4]
  -- Of an event that tells how far a task is, or, without the numbers, that its run is over; else empty.
  local task_name, percent = ARGV[word + 5], ARGV[word + 8]

  local first_answer = redis.call('GET', result)
  if first_answer then return '1 ' .. first_answer end

  local epoch, newest = adopt(stream, meta)
  local sequence, frame = '', nil
  -- What is handed over: nothing of an update that would go backwards.
  local record = nil

  if percent ~= '' then
    local step, total = tonumber(ARGV[word + 6]), tonumber(ARGV[word + 7])
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
    if task_name ~= '' then end_task(progress, task_name) end
  end
  local answer = epoch .. ' ' .. sequence
  redis.call('SET', result, answer, 'PX', idempotency_ms)
  if record then redis.call(publish, channel, record) end
  redis.call('PUBLISH', 'events:' .. event_type,
    '{"user_id":"' .. user_id .. '","epoch":"' .. epoch .. '",' .. string.sub(frame, 2))
  return '0 ' .. answer
end

-- What keeps this Redis from writing at all (READONLY, OOM, ...) fails the call, as the client has to see it. A key that cannot
-- be written must not fail its neighbours.
local function is_of_all(reason)
  local code = string.match(reason, '^(%u+) ')
  return code and code ~= 'ERR' and code ~= 'WRONGTYPE'
end

local answers = {}
for index = 0, #KEYS / keys_of_event - 1 do
  local is_done, answer = pcall(append, 1 + index * keys_of_event, first_word + index * words_of_event)
  if not is_done then
    local reason = type(answer) == 'table' and answer.err or tostring(answer)
    if is_of_all(reason) then return { err = reason } end
    answer = '!' .. reason
  end
  answers[index + 1] = answer
end
return answers
