/* How several proxies share one budget at Redis, in every order of events: two requests at two
 * proxies, commands that are lost, repeated or late, replies that never come, a crash of either proxy
 * at any moment, and sweeps. What the scripts do is one step, as in Redis; what proxies do is not.
 *
 * Each BREAK_... leaves out one rule; check.py demands that the model then fails.
 *
 *   reserve   scripts/round.lua     asked again with the same id, it answers the same
 *   settle    scripts/round.lua     the thread's own word; what it does not know it leaves alone
 *   apply     scripts/apply.lua     the journal's word, with the lane's progress
 *   sweep     scripts/sweep.lua     a hold that is too old becomes a charge at its bound
 *   forget    ledger_writer         once no copy of the reserve can come any more (not_after)
 */
#define N 2
#define BOUND 2
#ifdef BREAK_IDEMPOTENT_RESERVE
#define LIMIT 4 /* room for the same twice */
#else
#define LIMIT 3 /* room for one and a half */
#endif

mtype = { none, open, ended, tomb };

/* Redis */
byte settled = 0, held = 0;
mtype phase[N] = none;
bool passed[N];      /* the lane's progress is beyond this outcome */

/* the network: copies of the reserve that are still on their way, and whether they are too late */
byte copies[N];
bool late[N];

/* the journals, which outlive a crash */
bool intent[N], outcome[N];
byte cost[N];

/* the upstream */
byte bill = 0;
byte charged[N];     /* what Redis was told of each, for the audit */

byte done = 0;

#define HELD 1
#define NOT 0

inline within() { assert(settled + held <= LIMIT) } /* always */
inline book(r, amount) { settled = settled + amount; charged[r] = charged[r] + amount }
inline unbook(r, amount) { settled = settled - amount; charged[r] = charged[r] - amount }

inline at_redis_reserve(r, verdict) {
#ifdef BREAK_ATOMIC_RESERVE
  if
  :: phase[r] == none && !late[r] ->
     if
     :: settled + held + BOUND <= LIMIT -> skip; /* another may come in between */
        atomic { held = held + BOUND; phase[r] = open; verdict = HELD; within() }
     :: else -> verdict = NOT
     fi
  :: else -> verdict = (phase[r] == open -> HELD : NOT)
  fi
#else
  d_step {
    if
    :: phase[r] == open ->
#ifdef BREAK_IDEMPOTENT_RESERVE
       if :: settled + held + BOUND <= LIMIT -> held = held + BOUND :: else -> skip fi;
#endif
       verdict = HELD
    :: phase[r] == none && !late[r] && settled + held + BOUND <= LIMIT ->
       held = held + BOUND; phase[r] = open; verdict = HELD
    :: else -> verdict = NOT
    fi;
    within()
  }
#endif
}

inline at_redis_settle(r) {
  d_step {
    if
    :: phase[r] == open -> held = held - BOUND; book(r, cost[r]); phase[r] = ended
    :: phase[r] == tomb -> unbook(r, BOUND); book(r, cost[r]); phase[r] = ended
#ifdef BREAK_SETTLE_UNKNOWN
    :: phase[r] == none -> book(r, cost[r])
#endif
    :: else -> skip
    fi;
    within()
  }
}

inline at_redis_cancel(r) {
  d_step {
    if
    :: phase[r] == open -> held = held - BOUND; phase[r] = ended
    :: phase[r] == tomb -> unbook(r, BOUND); phase[r] = ended
#ifndef BREAK_CANCEL_LEAVES_A_MARK
    :: phase[r] == none -> phase[r] = ended
#endif
    :: else -> skip
    fi;
    within()
  }
}

inline at_redis_apply(r) {
  d_step {
    if
#ifndef BREAK_PROGRESS
    :: passed[r] -> skip
    :: !passed[r] && phase[r] == open -> held = held - BOUND; book(r, cost[r]); phase[r] = ended
#else
    :: phase[r] == open -> held = held - BOUND; book(r, cost[r])
#endif
    :: !passed[r] && phase[r] == tomb -> unbook(r, BOUND); book(r, cost[r]); phase[r] = ended
    :: !passed[r] && phase[r] == ended -> skip
#ifdef BREAK_PROGRESS
    :: phase[r] == none -> book(r, cost[r])
#else
    :: !passed[r] && phase[r] == none -> book(r, cost[r])
#endif
    :: else -> skip
    fi;
    within();
    passed[r] = true
  }
#ifdef BREAK_FORGET_EARLY
  phase[r] = none
#endif
}

/* Time: a reserve may not take anything after its not_after; the applied request is forgotten. */
proctype time(byte r) {
  byte ignored;
  do
  :: copies[r] > 0 -> at_redis_reserve(r, ignored); copies[r]--
  :: copies[r] > 0 -> copies[r]-- /* lost */
  :: !late[r] -> late[r] = true
  :: atomic { late[r] && passed[r] && phase[r] == ended -> phase[r] = none }
  :: atomic { phase[r] == open && late[r] -> /* held for longer than requests live */
#ifdef BREAK_TOMBSTONE
       held = held - BOUND; book(r, BOUND); phase[r] = none }
#else
       held = held - BOUND; book(r, BOUND); phase[r] = tomb }
#endif
  :: done == N && copies[r] == 0 && late[r] -> break
  od
}

/* A start finds what the journal has: an intent without outcome is charged at its bound; what was
 * held but never sent is given back. */
inline recover(r) {
  if
  :: intent[r] && !outcome[r] -> cost[r] = BOUND; outcome[r] = true
  :: else -> skip
  fi;
  if
  :: outcome[r] -> at_redis_apply(r)
  :: else -> copies[r] == 0 && late[r]; at_redis_cancel(r)
  fi
}

proctype request(byte r) {
  byte verdict = NOT;
  byte tries = 0;

  /* Ask, and ask again where no reply comes; then give up and give back. */
ask:
  tries++;
  if
  :: copies[r]++; verdict = NOT; goto unknown            /* it is still on its way somewhere */
  :: at_redis_reserve(r, verdict);
     if
     :: skip                                              /* the reply came */
     :: verdict = NOT; goto unknown                       /* the reply was lost */
     :: goto crashed
     fi
  fi;
  if
  :: verdict == HELD -> goto go_on
  :: else ->
#ifndef BREAK_CANCEL_AFTER_REFUSAL
     if
     :: tries > 1 -> at_redis_cancel(r) /* an earlier copy may still find room */
     :: else -> skip
     fi;
#endif
     goto finish
  fi;
unknown:
  if
  :: tries < 2 -> goto ask
  :: at_redis_cancel(r); goto finish
  :: goto crashed
  fi;

go_on:
#ifdef BREAK_INTENT_FIRST
  if :: cost[r] = 1 :: cost[r] = BOUND fi;
  bill = bill + cost[r]; assert(bill <= LIMIT);
  if :: skip :: goto crashed fi;
  intent[r] = true;
#else
  intent[r] = true;
  if :: skip :: goto crashed fi;
  if :: cost[r] = 1 :: cost[r] = BOUND fi;
  bill = bill + cost[r]; assert(bill <= LIMIT);
#endif
  if :: skip :: cost[r] = 0; goto crashed fi;             /* what it cost is in no journal yet */
  outcome[r] = true;
  if
  :: at_redis_settle(r)
  :: skip                                                 /* lost: the journal tells it all the same */
  :: goto crashed
  fi;
  at_redis_apply(r);
  if :: at_redis_apply(r) :: skip fi;                     /* its reply was lost: told again */
  if :: at_redis_settle(r) :: skip fi;                    /* the thread's word comes late */
  goto finish;

crashed:
  recover(r);
  if :: outcome[r] -> at_redis_apply(r) :: skip fi;
finish:
  done++
}

init {
  byte r;
  atomic {
    r = 0;
    do
    :: r < N -> run request(r); run time(r); r++
    :: else -> break
    od
  }
  /* In the end: nothing is locked, nothing that ran is free, and nothing counted twice. */
  _nr_pr == 1;
  atomic {
    assert(held == 0);
    assert(bill <= settled);
    r = 0;
    do
    :: r < N -> assert(charged[r] <= BOUND);
       assert(!(outcome[r] && phase[r] != tomb) || charged[r] == cost[r]);
       assert(intent[r] || bill == 0 || charged[r] == 0 || phase[r] == tomb);
       r++
    :: else -> break
    od
  }
}
