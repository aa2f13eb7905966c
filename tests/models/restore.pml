/* Redis goes back to an earlier copy of itself, once, at any moment: two proxies notice it
 * each in its own time, close, tell again what Redis lacks, hold again what is in flight, and go on
 * when both have. One budget; the first proxy has two requests, one after the other, the second one.
 *
 * Each BREAK_... leaves out one rule; check.py demands that the model then fails.
 *
 *   meet        incarnations     a process that was not met before decides nothing
 *   compare     retelling.cpp    from where the journal is told again
 *   apply       scripts/apply.lua  with the lane's progress, and what of it was acknowledged
 *   hold        scripts/hold.lua   what was sent and has no outcome is held again
 *   end_unsent  upkeep.cpp       what was not sent is given back
 */
#define N 3
#define BOUND 2
#define LIMIT 3
#define ROLLBACKS 1

mtype = { none, open, ended };

/* Redis, and its copy */
byte settled = 0, held = 0;
mtype phase[N] = none;
byte progress[2];
byte old_settled = 0, old_held = 0;
mtype old_phase[N] = none;
byte old_progress[2];

/* which process Redis is, and what is agreed about it */
byte process = 0;
bool is_open = true;
bool told[2];

/* the proxies: which process each has met, and how much it knows to be acknowledged */
byte met[2];
byte acknowledged[2];

/* the journals: intents, and outcomes by their sequence in their proxy's lane */
bool intent[N];
byte outcomes[2];
byte first_outcome = 0; /* of the first proxy's two: which request it is */
byte cost[N];
bool applied[N];

byte bill = 0;
byte ended_data = 0;
bool fate_over = false;

#define owner(r) (r == 2)
#define request_of(n, sequence) (n == 1 -> 2 : (sequence == 1 -> first_outcome : 1 - first_outcome))
#ifdef BREAK_ACKNOWLEDGED
#define remembers(n) true
#else
#define remembers(n) (progress[n] >= acknowledged[n])
#endif
inline within() { assert(!is_open || settled + held <= LIMIT) }

proctype fate() {
  byte times = 0;
  byte r;
  if
  :: skip /* the copy is of the beginning: everything is lost */
  :: d_step {
       old_settled = settled; old_held = held;
       old_phase[0] = phase[0]; old_phase[1] = phase[1]; old_phase[2] = phase[2];
       old_progress[0] = progress[0]; old_progress[1] = progress[1]
     }
  fi;
  do
  :: times < ROLLBACKS ->
     d_step {
       settled = old_settled; held = old_held;
       phase[0] = old_phase[0]; phase[1] = old_phase[1]; phase[2] = old_phase[2];
       progress[0] = old_progress[0]; progress[1] = old_progress[1];
       process++; is_open = false; told[0] = false; told[1] = false;
       times++
     }
  :: break
  od;
  fate_over = true
}

/* One data thread of a proxy. */
proctype data(byte n; byte r; byte last) {
  byte under;
  bool got;
next:
  got = false;
  atomic {
#ifdef BREAK_CLOSED
    met[n] == process;
#else
    met[n] == process && is_open;
#endif
    under = process;
    if
    :: settled + held + BOUND <= LIMIT -> held = held + BOUND; phase[r] = open; got = true
    :: else -> skip
    fi;
    within()
  }
  if
  :: !got -> goto over
  :: else -> skip
  fi;
  if
  :: skip
  :: atomic { /* it is not sent after all */
       if :: phase[r] == open -> held = held - BOUND; phase[r] = ended :: else -> skip fi
     }
     goto over
  fi;
  atomic {
    if
#ifdef BREAK_STALE_HOLD
    :: true -> intent[r] = true
#else
    :: met[n] == under -> intent[r] = true
    :: else -> goto over
#endif
    fi
  }
  atomic {
    if :: cost[r] = 1 :: cost[r] = BOUND fi;
    bill = bill + cost[r];
    assert(bill <= LIMIT)
  }
  atomic {
    if :: n == 0 && outcomes[0] == 0 -> first_outcome = r :: else -> skip fi;
    outcomes[n]++
  }
  if
  :: d_step { /* the thread's own word */
       if
       :: phase[r] == open -> held = held - BOUND; settled = settled + cost[r]; phase[r] = ended
       :: else -> skip
       fi;
       within()
     }
  :: skip
  fi;
over:
  if
  :: r < last -> r++; goto next
  :: else -> skip
  fi;
  ended_data++
}

/* The journal's word for one outcome; Redis may be another process by now. */
inline apply(n, sequence) {
  d_step {
    r = request_of(n, sequence);
    if
    :: !remembers(n) -> skip /* it has forgotten: nothing is done */
#ifndef BREAK_PROGRESS
    :: remembers(n) && sequence <= progress[n] -> acknowledged[n] = sequence
    :: remembers(n) && sequence > progress[n] ->
#else
    :: remembers(n) ->
#endif
       if
       :: phase[r] == open -> held = held - BOUND; settled = settled + cost[r]; phase[r] = ended
#ifdef BREAK_PROGRESS
       :: else -> settled = settled + cost[r]
#else
       :: phase[r] == none -> settled = settled + cost[r]
       :: else -> skip
#endif
       fi;
       if :: sequence > progress[n] -> progress[n] = sequence :: else -> skip fi;
       acknowledged[n] = sequence
    fi;
    r = 0;
    within()
  }
}

/* Its outcome, if there is one, is beyond what is acknowledged. */
inline flies(r, yes) {
  yes = intent[r];
  if
  :: owner(r) == 1 && acknowledged[1] >= 1 -> yes = false
  :: owner(r) == 0 && acknowledged[0] >= 1 && first_outcome == r -> yes = false
  :: owner(r) == 0 && acknowledged[0] >= 2 -> yes = false
  :: else -> skip
  fi
}

/* The thread that applies the journal, and restores. */
proctype applier(byte n) {
  byte r = 0, last, here;
  bool yes;
  do
  :: met[n] != process ->
     atomic { met[n] = process; here = process }
#ifndef BREAK_TELL_AGAIN
     atomic { if :: progress[n] < acknowledged[n] -> acknowledged[n] = progress[n] :: else -> skip fi }
#endif
     do
     :: acknowledged[n] < outcomes[n] && met[n] == process -> apply(n, acknowledged[n] + 1)
     :: acknowledged[n] >= outcomes[n] || met[n] != process -> break
     od;
     r = (n == 0 -> 0 : 2); last = (n == 0 -> 1 : 2);
     do
     :: r <= last ->
        d_step {
          flies(r, yes);
          if
#ifndef BREAK_END_UNSENT
          :: !yes && !intent[r] && phase[r] == open -> held = held - BOUND; phase[r] = ended
#endif
#ifndef BREAK_HOLD_AGAIN
          :: yes && phase[r] == none -> held = held + BOUND; phase[r] = open
#endif
          :: else -> skip
          fi;
          yes = false
        }
        r++
     :: else -> break
     od;
     r = 0;
     atomic { if :: here == process -> told[n] = true :: else -> skip fi; here = 0; last = 0 }
#ifdef BREAK_ALL_TELL
  :: atomic { !is_open && told[n] -> is_open = true }
#else
  :: atomic { !is_open && told[0] && told[1] -> is_open = true }
#endif
     within()
  :: met[n] == process && acknowledged[n] < outcomes[n] -> apply(n, acknowledged[n] + 1)
  :: fate_over && met[n] == process && ended_data == 2 && acknowledged[n] >= outcomes[n] && is_open -> break
  od
}

init {
  atomic {
    run fate(); run data(0, 0, 1); run data(1, 2, 2); run applier(0); run applier(1)
  }
  /* In the end: nothing is locked, and all that ran has been counted once. */
  _nr_pr == 1;
  atomic {
    assert(held == 0);
    assert(settled == (intent[0] -> cost[0] : 0) + (intent[1] -> cost[1] : 0) + (intent[2] -> cost[2] : 0))
  }
}
