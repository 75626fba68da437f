// Seeded stories of the town section, newest first.
import type { Story } from "./story.ts";

export const townStories: readonly Story[] = [
  {
    slug: "town-hall-clock-agrees-with-itself",
    title: "The town hall clock agrees with itself at last",
    lede: "Its four faces showed four times for nineteen years. On Monday they struck noon together.",
    authorId: "wren",
    opening:
      "People had grown used to choosing. The north face was for catching the ferry, the south " +
      "face for leaving work, and the other two were known as the optimists. On Monday at noon " +
      "all four came together, and half of Bell Street looked up to see what was wrong.",
    place: "the town hall",
    person: "Solveig Marchetti",
    role: "clockmaker",
    group: "the tower committee",
    thing: "the clock",
    figure: "four minutes",
  },
  {
    slug: "library-opens-until-midnight",
    title: "The library will stay open until midnight",
    lede: "A winter trial: soup at nine, silence at ten, and the heating on for everyone.",
    authorId: "hale",
    opening:
      "The idea came from a note in the returns box. It said that the flat upstairs was cold, " +
      "that the library was warm, and that both facts lasted longer than opening hours. It was " +
      "not signed. The librarians read it out at their Monday meeting and nobody spoke against.",
    place: "the library",
    person: "Zeynep Rourke",
    role: "head librarian",
    group: "the library society",
    thing: "the late opening",
    figure: "61 seats",
  },
  {
    slug: "bakery-trades-recipes-for-firewood",
    title: "The bakery trades a recipe for a winter of firewood",
    lede: "The rye loaf of Bell Street is no secret any more. The price was eight cords of birch.",
    authorId: "sorby",
    opening:
      "The loaf had no written recipe until a fortnight ago. It was a matter of the hand, said " +
      "the baker, and of a starter older than the oven. Then the price of pellets doubled, a " +
      "forester made an offer, and the hand sat down and wrote out two careful pages.",
    place: "the bakery on Bell Street",
    person: "Goran Whitlock",
    role: "baker",
    group: "the shopkeepers’ circle",
    thing: "the rye loaf",
    figure: "eight cords",
  },
  {
    slug: "school-bus-runs-on-chip-fat",
    title: "The school bus runs on chip fat and smells of Friday",
    lede: "Two kitchens, one filter and a patient mechanic have cut the fuel bill by two thirds.",
    authorId: "sorby",
    opening:
      "You notice it first at the crossing, when the bus has already gone: a trace of Friday " +
      "evening in the air on a Tuesday morning. The pupils say that it makes them hungry. The " +
      "driver says that they always were, and that the engine has never run so sweetly.",
    place: "the bus garage",
    person: "Tuva Abernathy",
    role: "mechanic",
    group: "the parents’ council",
    thing: "the bus",
    figure: "7,300 litres",
  },
  {
    slug: "allotments-vote-on-hedgehogs",
    title: "Allotment holders vote in favour of hedgehogs",
    lede: "By 38 to 5 every fence on the hill will get a gap of thirteen centimetres.",
    authorId: "hale",
    opening:
      "The motion was three lines long and its discussion took two hours. In favour were those " +
      "who have slugs. Against were those who have had hedgehogs, among them a gentleman with " +
      "photographs of his strawberries. Then somebody brought a hedgehog, and the vote was held.",
    place: "the hill allotments",
    person: "Wilhelmina Tran",
    role: "chair",
    group: "the allotment society",
    thing: "the gap rule",
    figure: "13 centimetres",
  },
  {
    slug: "street-lamps-go-amber",
    title: "Street lamps go amber so that the stars come back",
    lede: "Nine hundred lamps have been dimmed after eleven. The Milky Way is over Capstan Row again.",
    authorId: "okafor",
    opening:
      "On the first dark night people stood in Capstan Row with their heads back and their " +
      "doors open. Some of them had lived there for fifty years. There it was, from the chapel " +
      "roof to the chandlery, a long pale smear that the children took at first for smoke.",
    place: "Capstan Row",
    person: "Iver Castellan",
    role: "lighting engineer",
    group: "the works department",
    thing: "the amber light",
    figure: "904 lamps",
  },
  {
    slug: "repair-cafe-mends-its-thousandth-toaster",
    title: "The repair café mends its thousandth thing, a toaster",
    lede: "Of a thousand broken objects, 788 work again, and one turned out never to have been plugged in.",
    authorId: "hale",
    opening:
      "It was an ordinary toaster with an ordinary fault, and its owner was puzzled by the " +
      "applause. She had come for the bread, she said, meaning that she missed it. Eleven " +
      "minutes later she had her toaster, a certificate, and a slice with butter.",
    place: "the chapel basement",
    person: "Desmond Øst",
    role: "volunteer",
    group: "the repair café",
    thing: "the thousandth repair",
    figure: "788 repairs",
  },
  {
    slug: "post-office-counter-moves-to-the-cinema",
    title: "The post office counter moves into the cinema",
    lede: "Parcels in the foyer, stamps beside the popcorn, and pensions before the matinée.",
    authorId: "calder",
    opening:
      "The counter was carried across the square on Sunday by eight people, with the scales " +
      "still on it. It fits as if it had been built for the foyer: between the ticket window " +
      "and the popcorn, under a poster of a film in which a letter arrives too late.",
    place: "the Regent cinema",
    person: "Nadia Holm",
    role: "postmistress",
    group: "the town council",
    thing: "the counter",
    figure: "340 parcels",
  },
  {
    slug: "bell-street-closed-to-cars-on-saturdays",
    title: "Bell Street closes to cars on Saturdays, to see what happens",
    lede: "What happened: chairs, chess, a very long table, and a rise in the sale of shoes.",
    authorId: "hale",
    opening:
      "By nine there was a barrier and by ten there was a table. Nobody had planned a table. It " +
      "grew from the door of the café, one kitchen after another, until it reached the bank, " +
      "and then it turned the corner and went on towards the smell of fish.",
    place: "Bell Street",
    person: "Paul Okonjo",
    role: "councillor",
    group: "the town council",
    thing: "the closing",
    figure: "22 tables",
  },
  {
    slug: "cemetery-wall-finds-its-missing-stone",
    title: "The cemetery wall finds its missing stone",
    lede: "It was holding open the door of the Compass, where it had been since about 1890.",
    authorId: "wren",
    opening:
      "The gap has the shape of a boot and the stone has the shape of a boot, and yet it took " +
      "a hundred and thirty years for someone to think of both at the same time. She is nine, " +
      "she was waiting for her father outside the Compass, and she measured it with a string.",
    place: "the cemetery wall",
    person: "Hannelore Pike",
    role: "stonemason",
    group: "the parish",
    thing: "the wall",
    figure: "46 kilograms",
  },
  {
    slug: "volunteer-fire-crew-learns-to-knit",
    title: "The volunteer fire crew has learned to knit",
    lede: "Long watches, few fires: the station has made 117 hats, all of them flame-resistant.",
    authorId: "sorby",
    opening:
      "It started with a bet between two shifts, and it has got out of hand. There is wool in " +
      "the hose tower. There is a pattern pinned beside the chart of hydrants. When the bell " +
      "rings, the rule says, one finishes the stitch and not the row.",
    place: "the fire station",
    person: "Leif Castañeda",
    role: "watch leader",
    group: "the fire crew",
    thing: "the knitting",
    figure: "117 hats",
  },
  {
    slug: "market-hall-roof-lets-the-light-in",
    title: "The market hall’s roof lets the light in again",
    lede: "Wartime tar has been scraped from 1,400 panes, and the fishmongers have bought sunglasses.",
    authorId: "wren",
    opening:
      "Under the tar was glass, and everyone had known that there was, the way one knows that " +
      "there is gold in the sea. It took four people a year with scrapers. When the last pane " +
      "came clean, a bar of sunlight fell across the cod, and the hall went quiet.",
    place: "the market hall",
    person: "Camille Ferrow",
    role: "glazier",
    group: "the market guild",
    thing: "the glass roof",
    figure: "1,400 panes",
  },
  {
    slug: "island-phone-box-answers",
    title: "The phone box on the green answers when you ring it",
    lede: "Pick up, and a neighbour tells a story. Three hundred have been recorded so far.",
    authorId: "calder",
    opening:
      "Nobody had cut the line; that was the discovery. The company had merely forgotten it. So " +
      "the box on the green has a number still, and when you lift the receiver a voice begins, " +
      "in the middle of things, with a storm or a wedding or the price of herring in 1951.",
    place: "the green",
    person: "Amadou Keane",
    role: "sound archivist",
    group: "the history circle",
    thing: "the phone box",
    figure: "302 stories",
  },
  {
    slug: "swimming-pool-heated-by-the-dairy",
    title: "The swimming pool is heated by the dairy",
    lede: "Warm water from the cheese vats now runs 300 metres downhill and under the changing rooms.",
    authorId: "sorby",
    opening:
      "Cheese, it turns out, has heat to spare. It used to go up the chimney and lend the lane " +
      "its weather. Since last week it goes down the hill in a pipe, gives itself up behind the " +
      "changing rooms, and comes back cool enough to begin again.",
    place: "the pool",
    person: "Rosalind Agerholm",
    role: "pool attendant",
    group: "the dairy",
    thing: "the warm pipe",
    figure: "27 degrees",
  },
  {
    slug: "lost-property-office-clears-its-shelves",
    title: "The lost property office clears its shelves",
    lede: "On offer: 412 umbrellas, one accordion, a wooden leg, and a cake in good condition.",
    authorId: "hale",
    opening:
      "The rule is a year and a day, and some things have stayed for eleven. The accordion was " +
      "left on the late bus by a man who played beautifully and got off in a hurry. The cake " +
      "was made of plaster. The leg has been claimed since; its owner had managed, he said.",
    place: "the bus station",
    person: "Birgitta Okoro",
    role: "clerk",
    group: "the bus company",
    thing: "the sale",
    figure: "412 umbrellas",
  },
];
