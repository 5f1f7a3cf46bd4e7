/* Wherry: one write job on one history (no failover). README.md says what is abstracted.
 * Properties, by assertion: P1 effect at most once; P2a told == receipt; P2b told agrees with the effect;
 * P3 .value only when the replica has replayed the effect; P5 no two answers. P4: no invalid end state (and no cycle).
 * Flags: NC copies; SEMANTIC drops P2a (only effects count); W_xxx design as written; E_xxx another
 * environment; M_xxx mutants; REACH=o a witness; UNDECIDED any fence request may be lost, and the handle ends undecided. */
#ifndef NC
#define NC 3
#endif
#define NONE      0
#define COMMITTED 1
#define FAILED    2
#define CANCELLED 3
#define EXPIRED   4
#define POISONED  5
#define REFUSED   6              /* the only final outcome without a receipt */
#define NEG(o) ((o) > COMMITTED)
#define FREE 9
/* a copy */
#define UNSENT 0
#define OUT    1                 /* in a link or in a (frozen) broker's queue: not dispatched */
#define TAKEN  2                 /* dispatched, or in a worker */
#define GONE   3
/* the backend that got a copy's last flight: INSERT receipt; COMMIT */
#define FLIGHT   1
#define INSERTED 2
#define STUCK    3
#define FLUSHED  4               /* commit record durable and replicating, not yet visible */
#define B_DONE   5
#define B_DUP    6
#define B_ABORT  7
#define B_NONE   8

byte cs[NC], bk[NC];
bit  hint[NC];                   /* 'dropped, never dispatched', in flight */
byte repo; bit rept[8];          /* replies in flight: their outcome (all the same: P5) and the set of their tokens */
byte fs[2];                      /* fence requests (cancelled, expired): 0 unsent 1 in flight 2 with a worker 3 gone */
byte busy;                       /* workers in use, of 2 */
byte n;                          /* copies handed to ZeroMQ */
bit  gaveup;
byte adv = FREE;                 /* advisory lock */
byte holder = FREE;              /* whose uncommitted receipt insert others must wait for */
byte receipt;                    /* committed and visible on the primary */
byte wal, rckind, rcpos, effpos; /* flushed WAL: length; the receipt record; the effect record */
byte rpos;                       /* the replica's replay position */
byte told, wtok; bit ended;

#ifdef W_DOUBLED                 /* the transport doubles copy 0: its ghost is copy NC-1 */
#define MAXN (NC-1)
#define redel(c) ((c) > 0 && (c) != NC-1)
#else
#define MAXN NC
#define redel(c) ((c) > 0)
#endif
#ifdef SEMANTIC
#define EQ(x) skip
#else
#define EQ(x) assert(x)
#endif

#ifdef M_REFUSAL_ANY
#define REFUSAL_FINAL (!gaveup)
#else
#ifdef W_REFUSAL
#define REFUSAL_FINAL (n == 1)
#else
#define REFUSAL_FINAL (n == 1 && !gaveup)
#endif
#endif
/* a hint that can never become final again is as good as unheard */
#define HINTS if :: !REFUSAL_FINAL -> hint[0] = 0; hint[1] = 0; hint[NC-1] = 0 :: else fi
inline durable(k) {              /* a receipt of kind k becomes durable */
	EQ(told == NONE || told == k);                /* P2a, P5 */
	if :: !ended -> wal++ :: else fi; rckind = k; rcpos = wal
}
inline insert_now(k) {           /* a one-statement transaction; the caller has waited for holder */
	if
	:: receipt == NONE -> receipt = k; durable(k)
	:: else                                   /* 23505: the stored one is the answer */
	fi
}
inline over() { ended = 1; rpos = 0; wtok = 0 }
inline tell(o) {
	EQ((o == REFUSED && rckind == NONE) || o == rckind);          /* P2a */
	assert(NEG(o) == (effpos == 0));                              /* P2b */
	assert(repo == NONE || repo == o);                            /* P5: what is under way says the same */
#ifdef REACH
	assert(o != REACH);                                           /* a witness that it can be told */
#endif
	told = o; repo = NONE; rept[0] = 0; rept[1] = 0; rept[2] = 0; rept[3] = 0;
	hint[0] = 0; hint[1] = 0; hint[NC-1] = 0;
	if :: NEG(o) -> over() :: else fi
}
inline send(o, t) {              /* a reply; told or under way twice, it must say the same: P5 */
	if
	:: told == NONE -> assert(repo == NONE || repo == o); repo = o; rept[t] = 1
	:: told != NONE -> assert(told == o)
	:: true                                                       /* lost */
	fi
}

inline quit(c) {
	saw = 0; tok = 0; waited = 0; cs[c] = GONE; busy--;
	if :: bk[c] == 0 || bk[c] >= B_DONE -> bk[c] = B_NONE :: else fi
}
proctype Worker(byte c) {        /* one worker's life with copy c; 'dead' = crash, kill, or no outcome */
	bit waited; byte saw; byte tok;
end_idle:
	atomic { cs[c] == OUT && busy < 2 -> cs[c] = TAKEN; busy++ }
	if                                                            /* BEGIN; try the lock */
#ifdef E_NO_LOCK
	:: skip
#else
	:: atomic { adv == FREE -> adv = c }
	:: atomic { adv != FREE -> waited = 1 }
#endif
	:: atomic { redel(c) && holder == FREE -> insert_now(POISONED); saw = receipt; tok = wal; goto reply }
	:: atomic { true -> goto dead }
	fi;
	if
	:: waited ->
		if
		:: atomic { adv == FREE -> adv = c }
		:: atomic { true -> goto dead }                                          /* lock_timeout, crash */
		fi
	:: !waited && !redel(c) -> goto handler
	:: else
	fi;
	if                                                            /* look-up */
	:: atomic { receipt != NONE -> adv = FREE; saw = receipt; tok = wal; goto reply }
	:: atomic { receipt == NONE -> waited = 0 }
	:: atomic { adv = FREE; goto dead }
	fi;
handler:
	if                                                            /* may throw, whatever it sees: a superset of */
	:: atomic { bk[c] = FLIGHT;                                   /* 'must throw when the effect is there'       */
#ifdef M_TOKEN_EARLY
		tok = wal
#endif
		}
	:: atomic { adv = FREE; goto throws }
	:: atomic { adv = FREE; goto dead }                           /* crash, or the idle timeout after a freeze */
	fi;
	if
	:: atomic { bk[c] == B_DONE -> saw = COMMITTED;
#ifndef M_TOKEN_EARLY
		tok = wal;
#endif
		goto reply }
	:: atomic { bk[c] == B_DUP -> saw = receipt; tok = wal; goto reply }
	:: atomic { bk[c] == B_ABORT -> goto dead }                             /* infrastructure: no outcome */
	:: atomic { true -> goto dead }                                                  /* crash: the backend goes on alone */
	:: skip                                                       /* connection lost: in doubt */
	fi;
	if
#ifdef M_INDOUBT_LOOKUP
	:: atomic { receipt == NONE -> saw = FAILED; tok = wal; goto reply }
#endif
	:: atomic { bk[c] >= B_DONE && receipt != NONE -> saw = receipt; tok = wal; goto reply }
	:: atomic { bk[c] >= B_DONE && receipt == NONE -> goto dead }
	:: atomic { holder == FREE -> insert_now(FAILED); saw = receipt; tok = wal; goto reply }
	:: atomic { true -> goto dead }
	fi;
throws:
	if
#ifdef M_TELL_NO_RECEIPT
	:: atomic { saw = FAILED; tok = wal; goto reply }
#endif
	:: atomic { holder == FREE -> insert_now(FAILED); saw = receipt; tok = wal; goto reply }
	:: atomic { true -> goto dead }
	fi;
reply:	atomic { send(saw, tok); quit(c); goto fin };
dead:	atomic { quit(c) };
fin:	skip
}

#define END(c, b) adv = FREE; if :: cs[c] == GONE -> bk[c] = B_NONE :: else -> bk[c] = b fi
#define UNHOLD(c) if :: holder == c -> holder = FREE :: else fi
#ifdef M_ON_CONFLICT
#define DUPLICATE(c) bk[c] = INSERTED
#else
#define DUPLICATE(c) END(c, B_DUP)
#endif
#ifdef M_NO_TIMEOUT
#define CUT(c) :: atomic { bk[c] == INSERTED -> bk[c] = STUCK }
#else
#define CUT(c) :: atomic { (bk[c] == FLIGHT || bk[c] == INSERTED) -> UNHOLD(c); END(c, B_ABORT) }
#endif
#define BACKEND(c) \
	:: atomic { bk[c] == FLIGHT && holder == FREE && receipt == NONE -> holder = c; bk[c] = INSERTED } \
	:: atomic { bk[c] == FLIGHT && holder == FREE && receipt != NONE -> DUPLICATE(c) } \
	:: atomic { bk[c] == INSERTED -> bk[c] = FLUSHED; \
		assert(!NEG(told));             /* P2b */ \
		assert(effpos == 0);            /* P1 */ \
		if :: holder == c -> durable(COMMITTED) :: else -> wal++ fi; effpos = wal } \
	:: atomic { bk[c] == FLUSHED -> if :: holder == c -> receipt = COMMITTED :: else fi; UNHOLD(c); END(c, B_DONE) } \
	CUT(c)

active proctype Database() {
end_db:	do
	BACKEND(0)
	BACKEND(1)
#if NC > 2
	BACKEND(2)
#endif
	od
}

proctype Fencer(byte f) {
end_f:	atomic { fs[f] == 1 -> fs[f] = 2 }
	if
	:: atomic { holder == FREE -> insert_now(CANCELLED + f); send(receipt, wal); fs[f] = 3 }
#ifdef UNDECIDED
	:: atomic { true -> fs[f] = 3 }                               /* lost, be it the last one */
#else
	:: atomic { f == 0 -> fs[f] = 3 }                             /* lost; the last request is not */
#endif
	fi
}

#define BROKER(c) \
	:: atomic { cs[c] == OUT -> cs[c] = GONE; bk[c] = B_NONE }    /* lost, or the broker lost its queue */ \
	:: atomic { cs[c] == OUT -> cs[c] = GONE; bk[c] = B_NONE; if :: told == NONE && REFUSAL_FINAL -> hint[c] = 1 :: else fi }
active proctype Brokers() {
end_br:	do
	BROKER(0)
	BROKER(1)
#if NC > 2
	BROKER(2)
#endif
#ifdef W_DOUBLED
	:: atomic { cs[0] == OUT && cs[NC-1] == UNSENT -> cs[NC-1] = OUT }
#endif
	od
}

active proctype Replica() {
	bit restarted, noise;
end_re:	do
	:: atomic { !ended && rpos < wal -> rpos++ }
	:: atomic { !ended && rpos > 0 && !restarted -> restarted = 1; rpos = 0 }     /* backward over a crash */
#ifndef NO_NOISE
	:: atomic { !ended && !noise -> noise = 1; wal++ }                            /* somebody else's commit */
#endif
	od
}

#define HINT(c) :: atomic { told == NONE && hint[c] -> hint[c] = 0; tell(REFUSED) }
#define REPLY(t) :: atomic { told == NONE && rept[t] -> wtok = t; saw = repo; tell(saw); saw = 0 }

active proctype Client() {
	byte saw;
	atomic { run Worker(0); run Worker(1);
#if NC > 2
		run Worker(2);
#endif
		run Fencer(0); run Fencer(1);
		cs[0] = OUT; n = 1 };
	do
	:: atomic { told == NONE && !gaveup && n < MAXN -> cs[n] = OUT; n++; HINTS }
#ifdef M_NO_FENCE
	:: atomic { told == NONE && !gaveup -> gaveup = 1; tell(CANCELLED) }
#else
	:: atomic { told == NONE && !gaveup -> gaveup = 1; fs[0] = 1; HINTS }
	:: atomic { told == NONE && gaveup && fs[1] == 0 -> fs[1] = 1 }
#endif
	HINT(0) HINT(1)
#if NC > 2
	HINT(2)
#endif
	REPLY(0) REPLY(1) REPLY(2) REPLY(3)
	/* the second way home: the receipt on the local replica */
	:: atomic { !ended && rcpos != 0 && rpos >= rcpos ->
		if
		:: told == NONE -> tell(rckind)
		:: else -> assert(told == rckind)                     /* P5 */
		fi;
		assert(rckind != COMMITTED || (effpos != 0 && rpos >= effpos));       /* P3 */
		over() }
	/* .value, by the gate */
#ifdef M_NO_GATE
	:: atomic { told == COMMITTED && !ended ->
#else
	:: atomic { told == COMMITTED && !ended && rpos >= wtok ->
#endif
		assert(effpos != 0 && rpos >= effpos);                /* P3 */
		over() }
#ifdef UNDECIDED
	:: atomic { told == NONE && gaveup && fs[1] != 0 -> HINTS; break }
#endif
	:: ended -> break
	od;
#ifdef UNDECIDED
	/* the handle ended undecided; client.outcome(of:) may be asked as often as anybody likes, and finding nothing says nothing */
#ifdef M_UNDECIDED_FINAL
	atomic { if :: told == NONE -> tell(CANCELLED) :: else fi };
#endif
end_u:	do
	:: atomic { told == NONE && rcpos != 0 && rpos >= rcpos ->
		tell(rckind);
		assert(rckind != COMMITTED || (effpos != 0 && rpos >= effpos)) }      /* P3 */
#ifdef M_NOTHING_IS_NEVER        /* no receipt there is taken as 'never ran' */
	:: atomic { told == NONE && rcpos == 0 && rpos == wal -> tell(CANCELLED) }
#endif
	od
#endif
}
