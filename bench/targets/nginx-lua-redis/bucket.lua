-- A bucket of requests, kept in one hash: 0 where it is full. KEYS[1]: whose.
local at, now = KEYS[1], redis.call("TIME")
local rate, burst, seconds = 1, 60, now[1] + now[2] / 1e6
local level = tonumber(redis.call("HGET", at, "level") or 0)
level = math.max(0, level - rate * (seconds - tonumber(redis.call("HGET", at, "then") or seconds)))
if level + 1 > burst then return 0 end
redis.call("HSET", at, "level", string.format("%.6f", level + 1), "then", string.format("%.6f", seconds))
return 1
