-- Leases tokens out of a bucket that instances share. Tokens can be parts of one: kept shares of a low rate would
-- otherwise never come to a whole one. What each step is for stands in the port, and beside its twin in memory.
-- ARGV: instance; tokens a second; wanted; returned; in ms: what the bucket holds, a wish's life, an instance's.
-- Gives what is granted, as text, and how many instances share the bucket.
local bucket, own = KEYS[1], 'instance:' .. ARGV[1]
local rate, wanted, returned = tonumber(ARGV[2]) / 1000, tonumber(ARGV[3]), tonumber(ARGV[4])
local capacity, wish_ms, counted_ms = rate * tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local at, pool, shares, gone = now, capacity, {}, {}

local function keep_no_more_than_wished(share)
  local surplus = math.max(0, share.kept - share.wish)
  share.kept = share.kept - surplus
  pool = pool + surplus
end

local fields = redis.call('HGETALL', bucket)
local asked = {}
for index = 1, #fields, 2 do
  local field, value = fields[index], fields[index + 1]
  if field == 'at' then
    -- The clock of a new primary may be behind.
    at = math.min(now, tonumber(value))
  elseif field == 'pool' then
    pool = tonumber(value)
  else
    asked[field] = value
  end
end
for field, value in pairs(asked) do
  local asked_at, kept, wish = string.match(value, '^(%S+) (%S+) (%S+)$')
  local share = { field = field, asked_at = tonumber(asked_at), kept = tonumber(kept), wish = tonumber(wish) }
  if now - share.asked_at >= wish_ms then
    share.wish = 0
    keep_no_more_than_wished(share)
  end
  if field == own then
    own = share
    table.insert(shares, share)
  elseif now - share.asked_at >= counted_ms then
    table.insert(gone, field)
  else
    table.insert(shares, share)
  end
end
if type(own) == 'string' then
  own = { field = own, kept = 0, wish = 0 }
  table.insert(shares, own)
end

-- New tokens rise in all wishes alike; what none has room for goes into the pool.
-- Round after round rather than in order: with many instances, sorting is what would take time.
local left, unfilled = rate * (now - at), shares
repeat
  local part, filled, greater = left / #unfilled, 0, {}
  for _, share in ipairs(unfilled) do
    local room = share.wish - share.kept
    if room > part then
      table.insert(greater, share)
    else
      share.kept, filled = share.wish, filled + room
    end
  end
  local is_last = #greater == #unfilled
  if is_last then
    for _, share in ipairs(greater) do share.kept = share.kept + part end
    filled = left
  end
  left, unfilled = left - filled, greater
until is_last or #unfilled == 0
pool = pool + left + returned

-- What the bucket does not hold leaves the pool first, then what is kept for those that let most lie.
local over = pool - capacity
for _, share in ipairs(shares) do over = over + share.kept end
if over > 0 then
  local part = math.min(over, pool)
  pool, over = pool - part, over - part
  table.sort(shares, function(one, other) return one.kept > other.kept end)
  for _, share in ipairs(shares) do
    part = math.min(over, share.kept)
    if part > 0 then
      share.kept, over = share.kept - part, over - part
      share.wish = share.kept
    end
  end
end

local granted = math.min(wanted, own.kept + pool)
local from_kept = math.min(granted, own.kept)
own.kept, pool = own.kept - from_kept, pool - (granted - from_kept)
own.asked_at, own.wish = now, wanted
keep_no_more_than_wished(own)

local words = { 'at', string.format('%.3f', now), 'pool', string.format('%.9f', pool) }
for _, share in ipairs(shares) do
  table.insert(words, share.field)
  table.insert(words, string.format('%.3f %.9f %.9f', share.asked_at, share.kept, share.wish))
end
redis.call('HSET', bucket, unpack(words))
if #gone > 0 then redis.call('HDEL', bucket, unpack(gone)) end
redis.call('PEXPIRE', bucket, counted_ms)
return { string.format('%.9f', granted), #shares }
