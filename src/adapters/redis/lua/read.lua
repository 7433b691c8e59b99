-- The tail of a stream, and a page of its log.
-- Gives { epoch, newest, first of epoch, previous epoch, previous end, trimmed to, oldest, event, event, ... }.
local stream, meta = KEYS[1], KEYS[2]
local candidate, skip, memory_ms = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local window_ms, after = tonumber(ARGV[4]), tonumber(ARGV[5])
local page_events, page_bytes = tonumber(ARGV[6]), tonumber(ARGV[7])

local epoch, newest = adopt(stream, meta, candidate, skip, memory_ms)
redis.call('PEXPIRE', meta, memory_ms)
trim_by_age(stream, now_ms() - window_ms)
local known = redis.call('HMGET', meta, 'first', 'previous_epoch', 'previous_end', 'trimmed_to')
local first = first_entry(stream)
local oldest = first and sequence_of(first) or newest + 1
local page = { epoch, text(newest), known[1], known[2], known[3], known[4] or '0', text(oldest) }
if page_events == 0 then return page end

-- In small steps, so that of large events no more are looked at than the page can hold.
local STEP = 16
local bytes, left = 0, page_events
repeat
  local entries = redis.call('XRANGE', stream, text(after + 1), '+', 'COUNT', math.min(left, STEP))
  for _, entry in ipairs(entries) do
    local event = entry[2][4]
    bytes = bytes + #event
    if bytes > page_bytes and #page > 7 then return page end
    page[#page + 1] = event
    after = sequence_of(entry)
  end
  left = left - #entries
until #entries == 0 or left == 0
return page
