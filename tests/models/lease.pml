/* Redis lends a budget to two proxies, which divide it among requests by themselves: steps that are
 * lost or told twice, requests in flight, a crash of the first proxy at any moment, after which it
 * either comes back or its loan expires, and what its journal tells late.
 *
 * Each BREAK_... leaves out one rule; check.py demands that the model then fails.
 *
 *   step        scripts/lease.lua   tells what comes back and asks for more; its answer is repeated
 *   apply       scripts/apply.lua   what a request of a loan cost is no longer lent
 *   end         scripts/end_hold.lua  a proxy that is back ends its old loan, after its journal is told
 *   expire      scripts/sweep.lua   a loan whose proxy is gone becomes a charge
 */
#define BOUND 2
#define LIMIT 5
#define CHUNK 3

mtype = { nothing, lent, expired };

/* Redis */
byte settled = 0, held = 0;
mtype loan[2] = nothing;
byte amount[2];   /* that is lent, or was charged for it when it expired */
byte sequence[2]; /* of the last step */
byte granted[2];  /* by it */
byte told[2];     /* outcomes: the lane's progress */

/* the proxies */
byte free[2];

/* the journals */
byte intents[2];
byte outcomes[2];
byte cost[2];     /* of the one that is not told yet */

byte bill = 0;

inline within() { assert(settled + held <= LIMIT) }

/* Step `number`: `back` comes back, `wanted` is asked for. */
inline step(n, number, back, wanted) {
  d_step {
    if
    :: loan[n] == expired -> free[n] = 0
#ifndef BREAK_REPEATED_STEP
    :: loan[n] != expired && number == sequence[n] -> skip /* answered once more */
#endif
    :: else ->
       loan[n] = lent;
       amount[n] = amount[n] - back; held = held - back;
       granted[n] = (LIMIT - settled - held < wanted -> LIMIT - settled - held : wanted);
#ifdef BREAK_LENT_IS_HELD
       granted[n] = wanted;
#endif
       amount[n] = amount[n] + granted[n]; held = held + granted[n];
       sequence[n] = number
    fi;
    within()
  }
}

inline apply(n) {
  d_step {
    if
    :: told[n] < outcomes[n] ->
       if
       :: loan[n] == lent ->
#ifndef BREAK_USED_IS_NOT_LENT
          amount[n] = amount[n] - cost[n]; held = held - cost[n];
#endif
          settled = settled + cost[n]
       :: loan[n] == expired ->
#ifdef BREAK_CHARGED_TWICE
          settled = settled + cost[n]
#else
          amount[n] = amount[n] - cost[n] /* it was charged with the rest */
#endif
       :: loan[n] == nothing -> settled = settled + cost[n]
       fi;
       told[n] = outcomes[n]
    :: else -> skip
    fi;
    within()
  }
}

/* An expired one was charged for nothing but what was used. */
inline end_loan(n) {
  d_step {
    if
    :: loan[n] == lent -> held = held - amount[n]
    :: loan[n] == expired -> settled = settled - amount[n]
    :: else -> skip
    fi;
    loan[n] = nothing; amount[n] = 0; free[n] = 0;
    within()
  }
}

inline may_crash(n) {
  if
  :: n == 0 -> goto crashed
  :: skip
  fi
}

proctype proxy(byte n) {
  byte next = 1, requests = 0, back;
  do
  :: free[n] < BOUND && next < 3 -> /* ask for a chunk; the reply may be lost, then it is told again */
     step(n, next, 0, CHUNK);
     may_crash(n);
     if :: skip :: step(n, next, 0, CHUNK) fi;
     atomic { free[n] = free[n] + granted[n]; next++ }
  :: free[n] >= BOUND && requests < 2 ->
     requests++;
     atomic { free[n] = free[n] - BOUND; intents[n]++ } /* sent from here on */
     may_crash(n);
     atomic {
       if :: cost[n] = 1 :: cost[n] = BOUND fi;
       bill = bill + cost[n]; assert(bill <= LIMIT)
     }
     if
     :: n == 0 -> cost[n] = 0; goto crashed /* what it cost is in no journal */
     :: skip
     fi;
     atomic { outcomes[n]++; free[n] = free[n] + BOUND - cost[n] }
     may_crash(n);
     apply(n);
     if :: apply(n) :: skip fi
  :: free[n] > 0 && next < 3 -> /* what is not needed comes back */
     back = free[n];
#ifndef BREAK_BACK_IS_GONE
     free[n] = 0;
#endif
     step(n, next, back, 0);
     if :: skip :: step(n, next, back, 0) fi;
     atomic { next++; back = 0 }
  :: break
  od;
  goto finish;
crashed:
  /* nobody comes back for long: then its loan becomes a charge */
  if
  :: skip
  :: d_step {
       if
       :: loan[n] == lent -> held = held - amount[n]; settled = settled + amount[n]; loan[n] = expired
       :: else -> skip
       fi;
       within()
     }
  fi;
#ifdef BREAK_END_AFTER_JOURNAL
  end_loan(n);
#endif
  atomic {
    if
    :: intents[n] > outcomes[n] -> cost[n] = BOUND; outcomes[n]++ /* interrupted: its bound */
    :: else -> skip
    fi
  }
finish:
  apply(n);
  end_loan(n)
}

init {
  atomic { run proxy(0); run proxy(1) }
  /* In the end: nothing is locked, and the bill is covered. */
  _nr_pr == 1;
  atomic { assert(held == 0); assert(bill <= settled); assert(settled <= LIMIT) }
}
