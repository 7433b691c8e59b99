-- Shared by append.lua and read.lua: the life of one user's stream.
-- Entry ids are `<sequence>-0`, so that "after this sequence id" is one XRANGE.

-- What both scripts are given first: what a new epoch would be called, how far it begins beyond the one before, and how
-- long the end of a quiet stream is remembered.
local candidate, skip_per_ms, min_skip, memory_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local function text(number) return string.format('%d', number) end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Names the data set that answers: it changes when a replica is promoted and when a server restarts, the two ways in
-- which accepted events can be gone without a trace. Asked here, not at connect, so that no redirect or promotion
-- between the two can go unseen; once for all streams of a call.
local known_fence = nil
local function fence()
  known_fence = known_fence or string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or '-'
  return known_fence
end

-- Newest id that the stream ever held, even where its entries are gone; nil where there is no stream.
local function last_generated(stream)
  local info = redis.pcall('XINFO', 'STREAM', stream)
  if info.err then return nil end
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return tonumber(string.match(info[i + 1], '^(%d+)')) end
  end
end

-- When the last event of the log came, in ms; nil where the log is empty.
local function last_at(stream)
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  return last and last[2][2]
end

-- Gives epoch and newest sequence id. Where there is no epoch, or the one there is cannot be proven to go on
-- unbroken, a new epoch begins, `skip_per_ms` numbers further on for every ms since the last event that is known: among
-- those are all that may have been lost. Nothing fixed comes on top of the clock: epochs that are lost whole would each
-- have added it, and the next would begin below them. Where the log alone is left, it tells the time.
local function adopt(stream, meta)
  local known = redis.call('HMGET', meta, 'epoch', 'sequence_id', 'fence', 'at')
  local here = fence()
  if known[1] and known[3] == here then return known[1], tonumber(known[2]) end
  local newest = tonumber(known[2] or 0)
  local generated = last_generated(stream)
  if generated and generated > newest then newest = generated end
  local start, now = 0, now_ms()
  if known[1] or generated then
    local at = tonumber(known[4] or generated and last_at(stream) or now)
    start = newest + math.max(min_skip, skip_per_ms * (now - at))
  end
  redis.call('HSET', meta, 'epoch', candidate, 'sequence_id', text(start), 'fence', here, 'first', text(start + 1),
    'previous_epoch', known[1] or '', 'previous_end', text(newest), 'at', text(now))
  redis.call('PEXPIRE', meta, memory_ms)
  return candidate, start
end

local function sequence_of(entry) return tonumber(string.match(entry[1], '^(%d+)')) end

local function first_entry(stream) return redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1] end

-- Takes out what is older than `oldest_ms`; `first` is the first entry where it is known. Mostly looks at one entry and is done.
local function trim_by_age(stream, oldest_ms, first)
  local entries = { first or first_entry(stream) }
  local batch = 1
  while #entries > 0 do
    for index, entry in ipairs(entries) do
      if tonumber(entry[2][2]) > oldest_ms then
        if index > 1 then redis.call('XTRIM', stream, 'MINID', '=', entry[1]) end
        return
      end
    end
    redis.call('XTRIM', stream, 'MINID', '=', text(sequence_of(entries[#entries]) + 1))
    batch = math.min(2 * batch, 16)
    entries = redis.call('XRANGE', stream, '-', '+', 'COUNT', batch)
  end
end

-- Keeps the newest `most`, and remembers up to where entries went for that reason. Gives the first entry where any went.
local function trim_by_count(stream, meta, most)
  if redis.call('XTRIM', stream, 'MAXLEN', '=', most) == 0 then return nil end
  local first = first_entry(stream)
  if first then redis.call('HSET', meta, 'trimmed_to', text(sequence_of(first) - 1)) end
  return first
end
