/* Idempotency keys: two jobs (A, B: callers) of the same work under one key, on one history. What happens to one id is receipts.pml's business;
 * here: two copies of each, a fence for each, runs that throw, workers that die anywhere (their backend goes on or is cut off), no advisory lock.
 * Every step that waits in PostgreSQL (an uncommitted insert of the same key) is a guard; every single-statement transaction is one step.
 * P1 one effect per key. P2 told == receipt of the own id, and a committed receipt stands for an effect that lies before it. P5 no two answers.
 * M_xxx are mutants; they must fail. REACH_xxx are witnesses: they must fail too, since what they deny can be reached.
 * Run: spin -a keys.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan -m100000 (with -D flags for spin; spin 6.5). */
#define NONE      0
#define COMMITTED 1
#define FAILED    2
#define CANCELLED 3
#define FREE 9
#define NJ 2
#define NC 4                     /* copies: c / 2 is the job */
#define job(c) ((c) / 2)

byte receipt[NJ];                /* committed and visible */
byte key = FREE;                 /* whose the key is: committed and visible */
byte rhold[NJ] = FREE;           /* copy whose uncommitted receipt others of that id wait for */
byte khold = FREE;               /* copy whose uncommitted key others wait for */
bit  eff;                        /* the effect stands */
byte told[NJ];

inline answer(j, o) { assert(told[j] == NONE || told[j] == o); told[j] = o
#ifndef M_FIRST_RECEIPT
	; assert(receipt[j] == o)
#endif
	; assert(o != COMMITTED || eff) }
inline give_up_locks(c) {
	if :: rhold[job(c)] == c -> rhold[job(c)] = FREE :: else fi;
	if :: khold == c -> khold = FREE :: else fi
}

proctype Copy(byte c) {
	byte o;
start:
	if                                                            /* the look-ups before the handler */
	:: atomic { c % 2 == 1 && receipt[job(c)] != NONE -> o = receipt[job(c)]; goto reply }
	:: atomic { key != FREE -> goto repeat }
	:: skip                                                       /* looked before: sees nothing */
	:: atomic { true -> goto dead }
	fi;
	if                                                            /* the handler */
	:: skip
	:: atomic { true -> goto throws }
	:: atomic { true -> goto dead }
	fi;
	/* the last flight, by a backend that may outlive its worker: insert receipt, insert key, commit */
	if
	:: atomic { rhold[job(c)] == FREE && receipt[job(c)] == NONE -> rhold[job(c)] = c }
	:: atomic { rhold[job(c)] == FREE && receipt[job(c)] != NONE -> goto lookup }
	:: atomic { true -> goto dead }
	fi;
#ifndef M_KEY_LATER
	if
	:: atomic { khold == FREE && key == FREE -> khold = c }
	:: atomic { khold == FREE && key != FREE -> give_up_locks(c);
#ifdef M_KEY_DO_NOTHING
		rhold[job(c)] = c
#else
		goto lookup
#endif
		}
	:: atomic { true -> give_up_locks(c); goto dead }             /* cut off: rolled back */
	fi;
#endif
	if
	:: atomic { assert(!eff); eff = 1; receipt[job(c)] = COMMITTED; if :: khold == c -> key = job(c) :: else fi; give_up_locks(c) }
	:: atomic { true -> give_up_locks(c); goto dead }
	fi;
#ifdef M_KEY_LATER
	if
	:: atomic { khold == FREE && key == FREE -> key = job(c) }
	:: atomic { true -> goto dead }
	fi;
#endif
	if
	:: atomic { o = COMMITTED; goto reply }
	:: atomic { true -> goto dead }
	fi;
throws:	/* the failure, in a transaction of its own */
	if
	:: atomic { rhold[job(c)] == FREE && receipt[job(c)] != NONE -> goto lookup }
	:: atomic { rhold[job(c)] == FREE && khold == FREE && receipt[job(c)] == NONE && key != FREE -> goto lookup }
	:: atomic { rhold[job(c)] == FREE && khold == FREE && receipt[job(c)] == NONE && key == FREE ->
		receipt[job(c)] = FAILED; key = job(c); o = FAILED; goto reply }
	:: atomic { true -> goto dead }
	fi;
lookup:	/* something was in the way: the own receipt first, then the key */
	if
	:: atomic { receipt[job(c)] != NONE -> o = receipt[job(c)]; goto reply }
	:: atomic { receipt[job(c)] == NONE && key != FREE -> goto repeat }
	:: atomic { receipt[job(c)] == NONE && key == FREE -> goto dead }
	:: atomic { true -> goto dead }
	fi;
repeat:	/* the key is taken: a receipt of one's own that repeats the holder's */
#ifdef M_FIRST_RECEIPT
	atomic { o = receipt[key]; goto reply };
#else
	if
	:: atomic { rhold[job(c)] == FREE && receipt[job(c)] == NONE -> receipt[job(c)] = receipt[key]; o = receipt[key]; goto reply }
	:: atomic { rhold[job(c)] == FREE && receipt[job(c)] != NONE -> o = receipt[job(c)]; goto reply }
	:: atomic { true -> goto dead }
	fi;
#endif
reply:	if
	:: atomic { answer(job(c), o) }
	:: skip                                                       /* lost */
	fi;
dead:	skip
}

proctype Fence(byte j) {         /* may never come */
	if
	:: atomic { rhold[j] == FREE -> if :: receipt[j] == NONE -> receipt[j] = CANCELLED
#ifdef M_FENCE_TAKES_KEY
		; if :: key == FREE -> key = j :: else fi
#endif
		:: else fi; answer(j, receipt[j]) }
	:: skip
	fi
}

#ifdef REACH_BOTH                /* a witness: both are told committed, by one effect */
active proctype Witness() { endw: atomic { told[0] == COMMITTED && told[1] == COMMITTED -> assert(false) } }
#endif
#ifdef REACH_NEXT                /* a witness: the first is cancelled, and the second one has the key */
active proctype Witness() { endw: atomic { told[0] == CANCELLED && told[1] == COMMITTED && key == 1 -> assert(false) } }
#endif

active proctype Invariant() {    /* a taken key is a final outcome's */
end:	atomic { key != FREE && receipt[key] != COMMITTED && receipt[key] != FAILED -> assert(false) }
}

init { atomic { run Copy(0); run Copy(1); run Copy(2); run Copy(3); run Fence(0); run Fence(1) } }
