// Paragraphs and closing lines that a story of any section may use.

export const background: readonly string[] = [
  "Skerrow has 6,840 residents by the last count, one secondary school, and more opinions than " +
    "either number suggests. Anything that touches {place} is soon talked about in the ferry " +
    "queue, and {thing} has been no exception. People who disagree about everything else agree " +
    "that they want to hear of it early, in plain words, and from someone they can stop in the " +
    "street.",
  "The papers behind this story are public. They fill two grey folders in the reading room on " +
    "Bell Street, where anyone may ask for them between ten and four. The older folder smells " +
    "of smoke from the fire of 1958; the newer one holds letters, three maps, and a table in " +
    "which {figure} is underlined twice in green ink.",
  "Winter sets the calendar here. Between the first gale of November and the equinox the boat " +
    "crosses four times a week if it crosses at all, and whatever has not been delivered by " +
    "then waits until spring. {group} planned for that from the start, {surname} says, which is " +
    "why so much of the work was done in the long evenings of June.",
  "Money is the part that nobody enjoys explaining. A third comes from the island fund, a third " +
    "from the mainland ministry, and the rest from subscriptions of five or ten crowns, " +
    "collected in jars on shop counters. The jar in the chandlery was emptied eleven times. A " +
    "full account is to be posted on the door of the town hall, as the bylaws ask.",
  "Not everyone is persuaded. At the open meeting a retired pilot asked who would look after " +
    "{thing} in ten years, when today’s volunteers have moved to the mainland to be near their " +
    "grandchildren. It was a fair question, {surname} answered, and the honest reply was that " +
    "somebody had better be trained, starting now. The minutes record applause from both sides.",
  "There is history in it, too. Older residents remember a first attempt in the seventies that " +
    "ended with a borrowed tractor in the tide and a lawsuit that outlived both parties. The " +
    "lesson they drew was to write things down. {group} keeps a log in which each decision has a " +
    "date, a reason and a name, and it is passed round at every meeting.",
  "Visitors tend to ask whether an island this size can manage such things alone. The usual " +
    "answer is that it never has: the engineers come from Port Ansel, the paint from Fårnes, the " +
    "good advice from a cousin of someone in the bakery. What the island brings is attention. " +
    "When something is wrong at {place}, it is noticed by breakfast.",
  "The weather had the last word more than once. Two public days were called off for fog and " +
    "one for a wind that took the tent from its pegs and laid it, quite tidily, over the wall of " +
    "the cemetery. Those who came anyway were given soup. {surname} kept the guest book, which " +
    "shows forty-one names, a drawing of a gull, and one remark about the soup.",
];

export const closings: readonly string[] = [
  "The next meeting is on the first Tuesday of the month, at seven, in the hall above the library. " +
    "Tea is promised, and so is a vote.",
  "Questions may be left at the desk of this paper, which will put them to {group} and print the " +
    "answers, convenient or not.",
  "Until then, {person} can be found most mornings at {place}, and says that visitors who bring " +
    "biscuits will be shown everything.",
  "This paper will return to the story in the spring, when the figures are in and the paths are dry.",
];
