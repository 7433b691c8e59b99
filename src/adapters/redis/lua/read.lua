-- The tail of a stream, and a page of its log; where no page is asked for, the running tasks instead.
-- Gives { epoch, newest, first of epoch, previous epoch, previous end, trimmed to, oldest, events }. The events are one
-- string, each behind its length in bytes and a new line: as a reply each, they would cost the instance far more.
local stream, meta, progress = KEYS[1], KEYS[2], KEYS[3]
local window_ms, after = tonumber(ARGV[5]), tonumber(ARGV[6])
local page_events, page_bytes = tonumber(ARGV[7]), tonumber(ARGV[8])

local epoch, newest = adopt(stream, meta)
redis.call('PEXPIRE', meta, memory_ms)
local oldest_ms = now_ms() - window_ms
trim_by_age(stream, oldest_ms)
local known = redis.call('HMGET', meta, 'first', 'previous_epoch', 'previous_end', 'trimmed_to')
local first = first_entry(stream)
local oldest = first and sequence_of(first) or newest + 1
local events = {}
local function put(event) events[#events + 1] = #event .. '\n' .. event end
local function page()
  return { epoch, text(newest), known[1], known[2], known[3], known[4] or '0', text(oldest), table.concat(events) }
end
if page_events == 0 then
  for _, record in ipairs(running_tasks(progress, oldest_ms)) do put(record) end
  return page()
end

-- In small steps, so that of large events no more are looked at than the page can hold.
local STEP = 16
local bytes, left = 0, page_events
repeat
  local entries = redis.call('XRANGE', stream, text(after + 1), '+', 'COUNT', math.min(left, STEP))
  for _, entry in ipairs(entries) do
    local event = entry[2][4]
    bytes = bytes + #event
    if bytes > page_bytes and #events > 0 then return page() end
    put(event)
    after = sequence_of(entry)
  end
  left = left - #entries
until #entries == 0 or left == 0
return page()
