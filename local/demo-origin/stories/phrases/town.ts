// What stories of the town section may go on to say.
import type { Phrases } from "../story.ts";

export const townPhrases: Phrases = {
  paragraphs: [
    "{person}, {role}, had expected a letter or two. By the end of the week there were sixty, and " +
      "a queue that reached from {place} to the pump. Most of those who came wanted to help, some " +
      "wanted to be asked, and one wanted to explain at length how it had been done in Fårnes. " +
      "All were given a chair and a biscuit.",
    "The council dealt with the matter in eleven minutes, a record for this chamber. There was one " +
      "amendment, about the wording, and one question, about the money. Then the mayor observed " +
      "that {thing} had never been anybody’s duty and had therefore become everybody’s business, " +
      "and put it to the vote before anyone could reply.",
    "In the shops around {place} opinions are good, and takings are better. The chandlery has sold " +
      "out of candles; the café has hired a second pair of hands. “People stop, that’s all,” says " +
      "the owner. “They used to walk past with their collars up. Now they stop, and a person who " +
      "stops will sooner or later want a bun.”",
    "It helps that the sum was small. Added up on the back of an envelope, which is kept in a " +
      "frame, the whole affair cost less than the new photocopier. {figure}: that is the number " +
      "{surname} wrote in the annual report, on a line of its own, under a heading that says " +
      "simply “Done”. The photocopier has a page and a half.",
    "Children took it as a matter of course. A class from the primary school came to look at " +
      "{thing} on Wednesday, walked round it twice, and asked {surname} whether it was hard, " +
      "whether it was dangerous, and whether it could be done by someone who was seven. The " +
      "answers were no, a little, and yes, with gloves.",
    "Bell Street has seen schemes come and go. There was the one with the flower tubs, which the " +
      "goats enjoyed, and the one with the brass arrows, which led generations of visitors to a " +
      "locked gate. {group} has tried to learn from both. Nothing edible, says {surname}, and " +
      "nothing that points.",
    "Two neighbours objected in writing. One has since withdrawn, after an evening at {place} that " +
      "ended with singing; the other still thinks it is too much, too soon, and the wrong green. " +
      "His letter hangs on the notice board with the rest. “He is quite right about the green,” " +
      "says {surname}. “We mean to ask him to choose the next one.”",
    "What surprised everyone was how quickly the exception became a habit. In the first week people " +
      "came to look, in the second they brought their mothers, in the third they complained that " +
      "it was crowded. By now nobody mentions {thing} at all except to visitors, who are told " +
      "about it with a small show of indifference.",
    "There is a list, of course. It is pinned up inside the door of {place}, and anyone may add to " +
      "it, one line each, no speeches. At present it has twenty-six entries in as many hands. " +
      "The longest asks for a bench that faces the other way. The shortest says: again, please. " +
      "{group} reads it aloud on the last Friday of the month.",
  ],
  quotes: [
    "People think a town is made of buildings. It is made of people who know where the key is.",
    "I asked three departments whether it was allowed. None of them had ever forbidden it.",
    "We didn’t have a plan. We had a Thursday, and some of us came back on the Friday.",
    "My mother said it would never work. She is here every evening now, in the good chair.",
    "You can measure it any way you please. I just count how many stop to talk.",
  ],
  headings: [
    "A small sum",
    "What the neighbours say",
    "Eleven minutes",
    "By the door",
    "From exception to habit",
  ],
};
