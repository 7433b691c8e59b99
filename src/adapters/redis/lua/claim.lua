-- Binds a publish request's id to its body. Gives 1, or 0 where the id was seen with another body.
-- A repeated claim is renewed: the binding has to outlive every result that is stored under it.
local bound = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'GET', 'PX', ARGV[2])
if not bound then return 1 end
if bound ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
