-- Holds again what is in flight and this Redis may have forgotten, as its proxy's journal tells it.
-- No limit is asked: it has been sent. What Redis knows of the request stays as it is.
-- KEYS  1 holds of the root   2.. state of the key and its parents
-- ARGV  1 request id   2 owner and leaf, 32 letters   3 limits of each member
--       4 nine i8: now or 0, when it was held, then the hold
-- Returns 1 held again, 0 known.
local id, who = ARGV[1], ARGV[2]
if call('HEXISTS', KEYS[1], id) == 1 then
  return 0
end
local states, limits, _, at = load_chain(2, ARGV[3])
if not states then
  return bad_state()
end
local a = {unpacked('<i8i8i8i8i8i8i8i8i8', ARGV[4])}
local now = clock(a[1])
local h = {a[3], a[4], a[5], a[6], a[7], a[8], a[9]}
advance(states, limits, max(at, now))
for i = 1, #states do
  local s = states[i]
  s[RH], s[SLOTS], s[TH], s[RISK] = s[RH] + h[1], s[SLOTS] + h[2], s[TH] + h[3], s[RISK] + h[4]
  s[MH] = s[MH] + (h[6] == s[MID] and h[5] or 0)
  s[DH] = s[DH] + (h[7] == s[DID] and h[5] or 0)
  s[SUMH] = s[SUMH] + h[5]
end
save_chain(2, states)
call('HSET', KEYS[1], id, open_request(min(a[2], now), now, 1, who, packed_hold(h)))
return 1
