-- Ends a request as soon as its thread knows how: the hold out, the figures in, or everything given
-- back. What the store does not know is left to the journal, which tells every dispatched request
-- again (apply.lua); an ended request is remembered until then. A lease is ended, with 0, by the
-- node that is back and has told all its journal has: what is left of it is free again, and what an
-- expired one was charged for nothing; requests in it count as used, for they may have been.
-- KEYS  1 holds of the root   2.. state of the key and its parents
-- ARGV  1 request id or lease   2 limits of each member
--       3 four i8: now or 0, 1 settle or 0 cancel, tokens, cost
-- Returns 1 applied, 2 duplicate, 3 corrected, 4 unknown.
local id = ARGV[1]
local a = {struct.unpack('<i8i8i8i8', ARGV[3])}
local ran, tokens, cost = a[2] == 1, a[3], a[4]
local known = redis.call('HGET', KEYS[1], id)
if known and string.sub(known, 1, 1) == 'e' then
  return 2
end
if not known then
  if not ran then -- a cancel that overtakes its reserve: that one comes too late now
    redis.call('HSET', KEYS[1], id, struct.pack(ENDED, 'e', clock(a[1]), 0))
  end
  return 4
end
local states, limits, _, at = load_chain(2, ARGV[2])
if not states then
  return bad_state()
end
local now = clock(a[1])
at = max(at, now)
local loan = read_loan(known)
if loan then
  local amount = loan.amount
  if loan.phase == 'd' then
    correct(states, limits, at,
      {month = loan.month, day = loan.day, tokens = 0, cost = amount[5]}, 0, 0)
  else
    advance_all(states, limits, at)
    for i = 1, #states do
      loan_out(states[i], loan)
      charge(states[i], RL, limits[i][1], amount[1])
    end
  end
  save_chain(2, states)
  redis.call('HDEL', KEYS[1], id)
  return 1
end
local r = read_request(known)
if r.phase == 't' then
  correct(states, limits, at, r, ran and tokens or 0, ran and cost or 0)
else
  settle_hold(states, limits, at, r.hold, ran and tokens or nil, ran and cost or 0)
end
save_chain(2, states)
redis.call('HSET', KEYS[1], id, struct.pack(ENDED, 'e', now, r.not_after))
return r.phase == 't' and 3 or 1
