-- Ends what an earlier life of a node held and never sent upstream: everything is given back. Where
-- it was a lease, its node is back and has told all that its journal has: what is left of it is free
-- again, and what an expired one was charged for nothing; requests in it count as used, for they
-- may have been.
-- KEYS  1 holds of the root   2.. state of the key and its parents
-- ARGV  1 request id or lease   2 limits of each member   3 now or 0, an i8
-- Returns 1 ended, 2 it has ended before or is not known.
local id = ARGV[1]
local known = call('HGET', KEYS[1], id)
local loan = known and read_loan(known)
local r = known and not loan and read_request(known)
if not loan and (not r or r.phase == 'e') then
  return 2
end
local states, limits, _, at = load_chain(2, ARGV[2])
if not states then
  return bad_state()
end
local now = clock((unpacked('<i8', ARGV[3])))
advance(states, limits, max(at, now))
if not loan then
  if r.phase == 't' then
    correct(states, limits, r, 0, 0)
  else
    settle_hold(states, limits, r.hold, nil, 0)
  end
  save_chain(2, states)
  call('HSET', KEYS[1], id, ended_request(now, r.not_after))
  return 1
end
local amount = loan.amount
if loan.phase == 'd' then
  correct(states, limits, {month = loan.month, day = loan.day, tokens = 0, cost = amount[5]}, 0, 0)
else
  for i = 1, #states do
    loan_out(states[i], loan)
    charge(states[i], RL, limits[i][1], amount[1])
  end
end
save_chain(2, states)
call('HDEL', KEYS[1], id)
return 1
