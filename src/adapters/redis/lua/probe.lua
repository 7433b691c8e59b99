-- What an append needs besides memory: a write, the fence and a hand-over, here to the instance that asks.
local key, channel = KEYS[1], KEYS[2]
local nonce, ttl_ms, publish = ARGV[1], ARGV[2], ARGV[3]

fence()
redis.call('SET', key, nonce, 'PX', ttl_ms)
redis.call(publish, channel, nonce)
return 1
