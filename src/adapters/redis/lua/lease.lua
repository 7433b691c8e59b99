-- Writes a hash and how long it stands, in one step: a writer that is killed between the two would leave it for ever.
-- ARGV: lease in ms, field, value, field, value, ...
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
