/* Wherry: one write job across two asynchronous failovers, one after the other; failover.pml with a third history, and with the end of a handle
 * whose fences got no answer. Transactions are single steps here; receipts.pml opens them up. A token's position never matters for what is
 * told (the receipt is the proof: failover.pml shows what happens otherwise), so replies carry only their epoch. What is lost is what is never
 * taken; an old primary that is dead is one where nothing happens any more.
 * History h+1 keeps a prefix of history h, epoch rows included or not.
 * Properties: P1, P2a, P2b, P2c, P3, P5 by assertion; P4 no invalid end state.
 * UNDECIDED: any handle whose fence was asked for may end undecided, and client.outcome(of:) is asked any number of times afterwards.
 * Flags: NC copies; M_xxx mutants; REACH=o a witness. */
#ifndef NC
#define NC 2
#endif
#define NONE      0
#define COMMITTED 1
#define FAILED    2
#define CANCELLED 3
#define LOST      4
#define NEG(o) ((o) > COMMITTED)
#define UNSENT 0
#define OUT    1
#define GONE   2

byte cur;                        /* the newest history: 0, 1, 2 */
byte wl[3], rk[3], rp[3];       /* per history: WAL length; the receipt's kind and position */
byte eff[3];                     /* committed user effects */
byte row1[3], row2;              /* positions of epoch 1's row in histories 1 and 2, and of epoch 2's in history 2; 0 = not there */
byte fork[3];                    /* how much of its parent a history kept */
byte tl; byte rpos;              /* the client's replica: the history it follows, its position */
byte cs[NC]; byte cep[NC];       /* copies, and the epoch each carries */
byte fs[3]; bit flost[3];        /* fences by the epoch that they carry: 0 unsent 1 in flight 2 gone; of kind lost, or cancelled */
bit  reply[3];                   /* replies in flight, by epoch: each says rk[epoch] */
byte hint;                       /* 'the epoch is … here' */
byte ce;                         /* the newest epoch that the client knows */
byte n; bit gaveup, lostasked;
bit  com; byte wep;              /* .committed was told, by a receipt of that epoch */
byte told; bit ended, undecided;

#define REPOCH (tl == 2 && row2 != 0 && rpos >= row2 -> 2 : (tl > 0 && row1[tl] != 0 && rpos >= row1[tl] -> 1 : 0))
#define RSEEN  (rp[tl] != 0 && rpos >= rp[tl])           /* the replica shows the receipt */

inline answer_with(h) { if :: !ended -> reply[h] = 1 :: else fi }
inline insert(h, k) {            /* plain insert of a receipt; a conflict leaves the stored one */
	if
	:: rk[h] == NONE ->
		if
		:: h == cur ->
			assert(k != COMMITTED || !NEG(told));                         /* P2b */
			assert(told == NONE || told == k || (told == COMMITTED && k == LOST));  /* P2a, P2c */
			assert(!com || k == COMMITTED || k == LOST || told == LOST)  /* P2c */
		:: else                                                       /* on a history that will not survive */
		fi;
		wl[h]++; rk[h] = k; rp[h] = wl[h];
		if :: k == COMMITTED -> eff[h]++; assert(eff[h] == 1) :: else fi       /* P1 */
	:: else
	fi
}
inline epoch_row(h) {            /* before anything is served in a history, its row stands there */
	if
	:: h == 1 && row1[1] == 0 -> wl[1]++; row1[1] = wl[1]
	:: h == 2 && row2 == 0 -> wl[2]++; row2 = wl[2]
	:: else
	fi
}
inline tell_epoch(h) { if :: !ended && h > hint && h > ce -> hint = h :: else fi }
inline promote() {
	do
	:: fork[cur + 1] < wl[cur] -> fork[cur + 1]++
	:: true -> break
	od;
	cur++;
	wl[cur] = fork[cur];
	if :: rp[cur-1] != 0 && rp[cur-1] <= fork[cur] -> rk[cur] = rk[cur-1]; rp[cur] = rp[cur-1]; eff[cur] = eff[cur-1] :: else fi;
	if :: cur == 2 && row1[1] != 0 && row1[1] <= fork[2] -> row1[2] = row1[1] :: else fi
}

#ifdef M_EPOCH_AT_MOST           /* serves what is of its epoch or older, as if an older copy could do no harm */
#define SERVED(e, h) ((e) <= (h))
#else
#define SERVED(e, h) ((e) == (h))
#endif
#define COPY_AT(c, h) \
	:: atomic { cs[c] == OUT && h <= cur && cep[c] <= h -> \
		if \
		:: SERVED(cep[c], h) -> epoch_row(h); if :: true -> insert(h, COMMITTED) :: true -> insert(h, FAILED) fi; answer_with(h) \
		:: else -> epoch_row(h); tell_epoch(h) \
		fi; cs[c] = GONE; cep[c] = 0 }
#define COPY(c) COPY_AT(c, 0) COPY_AT(c, 1) COPY_AT(c, 2)
#define FENCE_AT(f, h) \
	:: atomic { fs[f] == 1 && h <= cur && f <= h -> \
		if \
		:: SERVED(f, h) -> epoch_row(h); if :: flost[f] -> insert(h, LOST) :: else -> insert(h, CANCELLED) fi; answer_with(h) \
		:: else -> epoch_row(h); tell_epoch(h) \
		fi; fs[f] = 2; flost[f] = 0 }
#define FENCE(f) FENCE_AT(f, 0) FENCE_AT(f, 1) FENCE_AT(f, 2)

active proctype Servers() {
end_s:	do
	COPY(0)
#if NC > 1
	COPY(1)
#endif
#if NC > 2
	COPY(2)
#endif
	FENCE(0) FENCE(1) FENCE(2)
	:: atomic { cur == 1 && row1[1] == 0 -> epoch_row(1) }        /* a worker meets the new primary */
	:: atomic { cur == 2 && row2 == 0 -> epoch_row(2) }
	:: atomic { cur < 2 -> promote() }
	/* the replica: replays; turns to the next primary, rewound if it was ahead */
	:: atomic { rpos < wl[tl] -> rpos++ }
	:: atomic { tl < cur -> tl++; if :: rpos > fork[tl] -> rpos = fork[tl] :: else fi }
	od
}

inline judge(o) {                /* what is told now agrees with the newest history */
	assert(!com || o == COMMITTED || o == LOST);                          /* P2c */
	if
	:: cur > 0 ->
		assert(!NEG(o) || rk[cur] != COMMITTED);                      /* P2b */
		assert(rk[cur] == NONE || rk[cur] == o || o == COMMITTED);    /* P2a; committed, lost behind one's back: documented */
		assert(o != LOST || rk[cur] == LOST || ce < cur);             /* P2a; a later failover may take the fence along with the rest */
		assert(o != COMMITTED || ce < cur || rk[cur] == COMMITTED)    /* P2b, P3: once it knows of the failover */
	:: else -> assert(o == rk[0])
	fi;
#ifdef REACH
	assert(o != REACH);                                           /* a witness that it can be told */
#endif
	skip
}
inline over() { ended = 1; hint = 0; reply[0] = 0; reply[1] = 0; reply[2] = 0 }
inline tell(o) { judge(o); told = o; over() }

#define REPLY(h) :: atomic { !ended && reply[h] -> reply[h] = 0; \
	if \
	:: h >= ce -> \
		ce = h; \
		if \
		:: rk[h] == COMMITTED && (!com || wep < h) -> com = 1; wep = h \
		:: rk[h] == COMMITTED && com && wep == h \
		:: NEG(rk[h]) && com && wep == h -> assert(false)             /* P5 */ \
		:: NEG(rk[h]) && (!com || wep < h) -> tell(rk[h]) \
		fi \
	:: else                                                           /* an older epoch's proves nothing */ \
	fi }

active proctype Client() {
	atomic { cs[0] = OUT; n = 1 };
	do
	:: ended -> break
	:: atomic { !ended && !com && !gaveup && n < NC -> cs[n] = OUT; cep[n] = ce; n++ }
	:: atomic { !ended && !com && !gaveup -> gaveup = 1; fs[ce] = 1 }
	:: atomic { !ended && !com && gaveup && fs[ce] == 0 -> fs[ce] = 1 }
	:: atomic { !ended && hint > ce -> ce = hint; hint = 0 }
	:: atomic { !ended && REPOCH > ce -> ce = REPOCH }
	REPLY(0) REPLY(1) REPLY(2)
	/* the second way home; a replica of an epoch older than the client's does not count */
	:: atomic { !ended && RSEEN && REPOCH >= ce -> ce = REPOCH; tell(rk[tl]) }
	/* re-judged: the replica is past the failover and has no receipt; after one more failover the fence is asked for once more */
#ifdef M_LOST_OF_OLD             /* the first failover's verdict carried over the second: told without a fence of its epoch */
	:: atomic { !ended && com && lostasked && wep < ce && fs[ce] == 0 -> tell(LOST) }
#endif
	:: atomic { !ended && com && wep < REPOCH && REPOCH >= ce && !RSEEN && fs[REPOCH] == 0 -> ce = REPOCH; lostasked = 1; fs[ce] = 1; flost[ce] = 1 }
	:: atomic { !ended && com && lostasked && wep < ce && fs[ce] == 0 -> fs[ce] = 1; flost[ce] = 1 }
#ifdef UNDECIDED
	:: atomic { !ended && (gaveup || lostasked) -> undecided = 1; over() }
#endif
	od;
#ifdef M_UNDECIDED_FINAL         /* no answer is taken as 'cancelled' */
	atomic { if :: undecided && !com -> tell(CANCELLED) :: else fi };
#endif
	/* client.outcome(of:), as often as anybody likes; nothing there proves nothing */
end_c:	do
	:: atomic { undecided && REPOCH > ce -> ce = REPOCH }
#ifdef M_OUTCOME_OLD
	:: atomic { undecided && RSEEN ->
#else
	:: atomic { undecided && RSEEN && REPOCH >= ce -> ce = REPOCH;
#endif
		assert(told == NONE || told == rk[tl] || (told == COMMITTED && rk[tl] == LOST));     /* P5, P2c */
		judge(rk[tl]); told = rk[tl] }
#ifdef M_NOTHING_IS_NEVER        /* no receipt on a replica of the newest epoch is taken as 'never ran' */
	:: atomic { undecided && !com && told == NONE && !RSEEN && REPOCH >= ce -> judge(CANCELLED); told = CANCELLED }
#endif
	od
}
