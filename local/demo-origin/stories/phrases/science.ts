// What stories of the science section may go on to say.
import type { Phrases } from "../story.ts";

export const sciencePhrases: Phrases = {
  paragraphs: [
    "“We did not believe it either,” says {person}, {role}, who has told the story often enough by " +
      "now to know where the pauses go. The measurement was repeated, with another instrument and " +
      "by another pair of hands; then it was repeated by someone who hoped that it was wrong. " +
      "Each time it came out the same: {figure}, give or take very little.",
    "The method is simple to describe and tedious to follow, which {surname} thinks is the mark of " +
      "a good one. One goes to {place} in all weathers, does the same thing in the same order, and " +
      "writes down what one sees before one thinks about it. Thinking is for the winter. There " +
      "are fourteen notebooks so far, and a shelf has been cleared for more.",
    "Caution is in order. A single island is a small sample, and a few seasons are a short time. " +
      "The paper says so in its second paragraph, and again in its last. What {thing} shows is " +
      "that something happens; why it happens is another question, for which {group} has applied " +
      "for three years of funding, a better microscope, and a second pair of boots.",
    "Colleagues on the mainland have been generous. A reviewer in Uppsala called the work “patient, " +
      "in the best sense”, and asked for the raw data; she had it within the hour, since it had " +
      "been public from the first day. Another, in Lisbon, found a slip in the third table. It " +
      "changed the second decimal. His name is in the acknowledgements, spelt correctly.",
    "Instruments out here lead a hard life. Salt gets into them, and so do earwigs. The logger at " +
      "{place} has been struck by lightning, chewed by a calf and, on one occasion, taken home by " +
      "a careful visitor who thought it had been lost. {surname} has learned to write a phone " +
      "number on everything, in paint, in two places.",
    "The result would have been impossible without the neighbours. More than forty people keep " +
      "records for {group}: a retired captain, most of a choir, a boy who does not speak much and " +
      "misses nothing. Each received an hour of training and a pencil. When their figures were " +
      "set beside those of the professionals, the difference was smaller than the dots on the plot.",
    "What follows from it is less clear. One reading says that things here are changing faster than " +
      "was thought; another, that they were never as steady as we liked to suppose. {thing} fits " +
      "both. {surname} declines to choose, politely, and points to a third column in the table, " +
      "headed “not yet known”, which is the longest of the three.",
    "Students come for the summer and stay in the old schoolhouse, six to a room. They learn to " +
      "cook for twelve, to read a tide table and to say “I don’t know” in front of an audience. " +
      "Two of them will take the next series of measurements at {place}, beginning with the new " +
      "moon, and they have already been shown which of the floorboards to avoid.",
    "The numbers are on the wall of the ferry waiting room, for anyone who wants to check. That was " +
      "{surname}’s condition. On a good day half a dozen people stand before them with a sandwich, " +
      "and every so often one takes out a pen. Of the nineteen remarks left in the margin since " +
      "June, four were useful, one was rude, and one became a footnote.",
  ],
  quotes: [
    "The best moment was not when we understood it. It was when we noticed that we didn’t.",
    "An error bar is a form of good manners. It says how close you may come before you bump into us.",
    "Nature does not hide anything. She just doesn’t repeat herself while you look for your pencil.",
    "I have spent eleven years on a question that fits on a postcard, and I regret none of the rain.",
    "Show me the day on which it failed. I learn nothing from the days on which it worked.",
  ],
  headings: [
    "Measured twice",
    "What it does not show",
    "Forty pairs of eyes",
    "The third column",
    "Salt and earwigs",
  ],
};
