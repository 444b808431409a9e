#ifndef COMPUTE_TEXT_STOP_WORDS_H
#define COMPUTE_TEXT_STOP_WORDS_H

/*
 * Words that say nothing of what a text is about: articles, pronouns, prepositions, conjunctions,
 * auxiliaries, and adverbs that stand everywhere. Closed classes of words, written from the
 * grammars of en, de, fr, es, it, pt, nl, sv, da, nb (also nn, no), fi, pl, cs, ru.
 *
 * Shape:  folded (text_fold_word), with one space between two and around all.
 * Thread: any; the lists are constant.
 */

/* The list of a language by its code; NULL when there is none. */
const char *text_stop_words(const char *code);

#endif /* COMPUTE_TEXT_STOP_WORDS_H */
