-- Events, one after the other; of each: idempotency result, epoch, sequence id, log entry, trimming and hand-over, all or
-- nothing (G1). Gives a string for each: `<1 for a duplicate, else 0> <epoch> <sequence id or nothing>`, or `!` and why not.
local window, most, idempotency_ms = ARGV[5], ARGV[6], ARGV[7]
-- In a cluster, PUBLISH would go to every node of it; SPUBLISH stays with the slot.
local publish = ARGV[8]
local keys_of_event, first_word, words_of_event = 5, 9, 6
local window_ms, now = tonumber(window), now_ms()
local at = text(now)

-- Of an event that tells how far a task is; one that ends the run of its task has the name alone, any other nothing.
local task_words_of_update = '^(%S+) (%S+) (%S+) (%S+ %S+)$'

-- One more entry of the log.
local function log(stream, meta, sequence, record)
  redis.call('XADD', stream, sequence .. '-0', 'at', at, 'event', record)
  redis.call('HSET', meta, 'sequence_id', sequence, 'at', at)
end

-- How long the log and its end are kept, and what goes for the new entry.
local function bound(stream, meta)
  redis.call('PEXPIRE', stream, window)
  redis.call('PEXPIRE', meta, memory_ms)
  trim_by_age(stream, now - window_ms, trim_by_count(stream, meta, most))
end

-- Nothing is taken back where a command fails: so all that may be of a wrong type is read before anything is written, and
-- the answer is kept right behind the entry: whatever is refused after it, the event that comes again is one event. And
-- Redis hashes each string that is made here, byte by byte: so of the frame there are no more than the two that are sent.
local function append(key, word)
  local stream, meta, result, channel, progress = KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3], KEYS[key + 4]
  local user_id, event_type, labels, head, tail = ARGV[word], ARGV[word + 1], ARGV[word + 2], ARGV[word + 3], ARGV[word + 4]
  local task_words = ARGV[word + 5]

  local first_answer = redis.call('GET', result)
  if first_answer then return '1 ' .. first_answer end

  local epoch, newest = adopt(stream, meta)
  -- What stands between head and tail of the frame.
  local sequence, middle = '', nil
  -- What is handed over: nothing of an update that would go backwards.
  local record = nil
  local ended = nil

  local step, total, percent, task_name = string.match(task_words, task_words_of_update)
  if step then
    local update = { step = tonumber(step), total = tonumber(total), percent = percent, now = now, window_ms = window_ms }
    local task = advance(progress, task_name, update)
    middle = progress_fields(task and task.percent or percent, task and remaining_ms(task))
    if task then
      record = epoch .. ' ~ ' .. labels .. ' ' .. place_of(task) .. '\n' .. head .. middle .. tail
      keep_task(progress, task_name, task, record)
      redis.call('PEXPIRE', progress, window)
    end
  else
    ended = task_words ~= '' and known_task(progress, task_words)
    sequence = text(newest + 1)
    middle = sequence
    record = epoch .. ' ' .. sequence .. ' ' .. labels .. '\n' .. head .. middle .. tail
    log(stream, meta, sequence, record)
  end
  local answer = epoch .. ' ' .. sequence
  redis.call('SET', result, answer, 'PX', idempotency_ms)
  if not step then bound(stream, meta) end
  if ended then end_task(progress, task_words, ended) end
  if record then redis.call(publish, channel, record) end
  redis.call('PUBLISH', 'events:' .. event_type,
    '{"user_id":"' .. user_id .. '","epoch":"' .. epoch .. '",' .. string.sub(head, 2) .. middle .. tail)
  return '0 ' .. answer
end

local answers = {}
for index = 0, #KEYS / keys_of_event - 1 do
  local is_done, answer = pcall(append, 1 + index * keys_of_event, first_word + index * words_of_event)
  if not is_done then
    local reason = type(answer) == 'table' and answer.err or tostring(answer)
    -- By this the client learns that the primary is elsewhere. What else is refused concerns its own event, or comes up for each.
    if string.find(reason, '^READONLY') then return { err = reason } end
    answer = '!' .. reason
  end
  answers[index + 1] = answer
end
return answers
