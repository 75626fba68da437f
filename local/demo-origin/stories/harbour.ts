// Seeded stories of the harbour section, newest first.
import type { Story } from "./story.ts";

export const harbourStories: readonly Story[] = [
  {
    slug: "breakwater-finished-before-the-gales",
    title: "The breakwater is finished, nine days before the gales",
    lede: "After three summers the last block is in place, and the small boats can winter inside.",
    authorId: "calder",
    opening:
      "The last block went in at slack water on Saturday, a little after six in the morning, " +
      "with some forty people watching from the wall and nobody making a speech. It had waited " +
      "on the quay since August, painted with the names of the school’s leaving class.",
    place: "the north wall",
    person: "Oda Fennimore",
    role: "harbour master",
    group: "the harbour board",
    thing: "the breakwater",
    figure: "412 metres",
  },
  {
    slug: "night-ferry-returns",
    title: "The night ferry returns, with a piano",
    lede: "From December the last boat leaves Port Ansel at 23:15, so concerts no longer end at the interval.",
    authorId: "calder",
    opening:
      "For eleven years the last boat home left at twenty past seven, and anyone who wanted to " +
      "see the end of a film on the mainland needed a friend with a sofa. That is over: the " +
      "company has hired two crews and bought a piano for the lower saloon.",
    place: "the ferry pier",
    person: "Henrik Aasen",
    role: "route manager",
    group: "the ferry company",
    thing: "the night ferry",
    figure: "23,400 crossings",
  },
  {
    slug: "lobster-count-best-in-a-generation",
    title: "Lobster count is the best in a generation",
    lede: "Six years after the western grounds were closed, the pots of the survey came up heavy.",
    authorId: "sorby",
    opening:
      "The survey boat came in low in the water on Thursday and its crew were in no hurry to " +
      "unload. They wanted people to look. In forty test pots, set where fishing has been " +
      "forbidden since the closure, they had counted more lobsters than in the five years before.",
    place: "the western grounds",
    person: "Signe Maddox",
    role: "survey skipper",
    group: "the fishers’ union",
    thing: "the closed ground",
    figure: "318 lobsters",
  },
  {
    slug: "lightkeepers-daughter-opens-the-tower",
    title: "A lightkeeper’s daughter opens the tower to visitors",
    lede: "Åsta Brändström grew up with 144 stairs. Now she leads strangers up them, twice a day.",
    authorId: "wren",
    opening:
      "Åsta Brändström counts the stairs aloud, as her father taught her, and stops at the " +
      "ninety-first to let people breathe. Here, she says, he kept a chair, a lamp, and one " +
      "novel that he read every winter and never recommended to anybody.",
    place: "the Ness light",
    person: "Åsta Brändström",
    role: "guide",
    group: "the lighthouse society",
    thing: "the tower",
    figure: "144 stairs",
  },
  {
    slug: "dredger-finds-a-bell",
    title: "A dredger finds a bell, and nobody knows whose",
    lede: "It weighs as much as a pony, it is dated 1731, and it rings a clear E flat.",
    authorId: "wren",
    opening:
      "The bucket came up with the usual grey mud, a bicycle, and something that chimed. The " +
      "crew of the dredger stopped the engine to listen to it again. By noon the whole quay had " +
      "been to knock on it with a knuckle, and by evening it had been given a guard.",
    place: "the inner basin",
    person: "Cato Lindqvist",
    role: "dredging foreman",
    group: "the museum committee",
    thing: "the bell",
    figure: "186 kilograms",
  },
  {
    slug: "shore-power-for-the-fishing-fleet",
    title: "Shore power silences the fleet at night",
    lede: "Twelve sockets on the east quay mean that engines can stop, and that neighbours can sleep.",
    authorId: "sorby",
    opening:
      "On the first night of it, people on Capstan Row woke up because something was missing. " +
      "The hum that had come through their windows for thirty years, of generators keeping the " +
      "holds cold, had been replaced by twelve blue sockets and the sound of rope.",
    place: "the east quay",
    person: "Jonna Pryce",
    role: "electrician",
    group: "the harbour board",
    thing: "the shore power",
    figure: "38 decibels",
  },
  {
    slug: "pilot-boat-named-after-a-dog",
    title: "The new pilot boat is named after a dog",
    lede: "Schoolchildren chose the name by a majority that the harbour board calls regrettable and final.",
    authorId: "hale",
    opening:
      "The board had a list of admirals ready. The children of the third form had a dog, by the " +
      "name of Biscuit, who met every pilot boat for fourteen years and is buried behind the " +
      "chandlery. The vote was ninety-seven to four, and the paint is dry.",
    place: "the pilot station",
    person: "Marit Oyelaran",
    role: "senior pilot",
    group: "the harbour board",
    thing: "the pilot boat",
    figure: "97 votes",
  },
  {
    slug: "tide-gauge-turns-one-hundred",
    title: "The tide gauge turns one hundred and still writes by hand",
    lede: "A float, a drum and a pen have recorded every tide since 1926, but for one afternoon in 1944.",
    authorId: "okafor",
    opening:
      "In a hut the size of a wardrobe, a pen draws the sea. It has done so since the autumn of " +
      "1926, one sheet a week, and the sheets fill a wall of the town archive: more than five " +
      "thousand of them, each with the same two humps a day and no two alike.",
    place: "the gauge hut",
    person: "Edvin Marsh",
    role: "keeper of the gauge",
    group: "the hydrographic office",
    thing: "the tide gauge",
    figure: "5,217 sheets",
  },
  {
    slug: "kelp-farm-first-harvest",
    title: "First harvest from the kelp farm off Gull Sound",
    lede: "Two cousins planted ropes in the dark of January and pulled up eleven tonnes in May.",
    authorId: "sorby",
    opening:
      "It looks like a field only from above: sixteen ropes, two hundred metres each, hanging " +
      "between orange floats. From the boat it looks like work. The cousins haul by hand where " +
      "the winch would tear the blades, and talk about recipes to keep warm.",
    place: "Gull Sound",
    person: "Ilse Thorne",
    role: "kelp farmer",
    group: "the sea farmers’ circle",
    thing: "the kelp farm",
    figure: "11 tonnes",
  },
  {
    slug: "customs-house-becomes-a-sail-loft",
    title: "The old customs house becomes a sail loft again",
    lede: "Where officers weighed tobacco, two sailmakers now roll out canvas on the longest floor in town.",
    authorId: "wren",
    opening:
      "A sail wants a floor without a post in it, and the only such floor on the island lies " +
      "under the roof of the customs house. It was built for sorting contraband. This week it " +
      "was swept, waxed, and covered from end to end with forty square metres of white cloth.",
    place: "the customs house",
    person: "Petra Galloway",
    role: "sailmaker",
    group: "the boatbuilders’ guild",
    thing: "the loft",
    figure: "31 metres",
  },
  {
    slug: "fog-signal-tested",
    title: "The fog signal will be tested at noon, and then at three",
    lede: "After complaints from both people and cattle, the new horn has been tuned a third lower.",
    authorId: "hale",
    opening:
      "The first version could be heard in Fårnes, which is to its credit, and in every kitchen " +
      "on the island, which is not. The maker has since sent a longer trumpet. It speaks a " +
      "third lower, for three seconds in each minute, and is said to sound almost sorry.",
    place: "the west head",
    person: "Lauri Benning",
    role: "signal engineer",
    group: "the coastguard",
    thing: "the horn",
    figure: "4 nautical miles",
  },
  {
    slug: "rowing-club-crosses-the-sound",
    title: "Rowing club crosses the sound in a boat from 1911",
    lede: "Six oars, thirteen miles, one leak, and a ham sandwich that was lost on the way.",
    authorId: "hale",
    opening:
      "They left with the ebb, in a boat that had been a flower bed until 2019. The crew was " +
      "made up of two nurses, a baker, the vicar, a pupil of the fifth form and her " +
      "grandmother, who steered, and who had last done the crossing in 1968.",
    place: "the slipway",
    person: "Berit Halloran",
    role: "cox",
    group: "the rowing club",
    thing: "the gig",
    figure: "13 miles",
  },
  {
    slug: "ice-house-sells-its-last-ice",
    title: "The ice house sells its last block",
    lede: "Boats make their own ice now. The building will keep cheese, and perhaps a choir.",
    authorId: "calder",
    opening:
      "The last block was bought by a man who did not need it. He had come every morning as a " +
      "boy with a handcart, he explained, and thought that he should close the account. It " +
      "stood on the quay in the sun until evening and was photographed by everyone.",
    place: "the ice house",
    person: "Nils Carrow",
    role: "ice master",
    group: "the fishers’ union",
    thing: "the ice house",
    figure: "62 seasons",
  },
  {
    slug: "harbour-seals-counted-from-the-air",
    title: "Harbour seals counted from the air, and twice from the pub",
    lede: "The drone saw 211. The terrace of the Compass saw 214, and stands by its figure.",
    authorId: "okafor",
    opening:
      "The count is made at low water in August, when the seals lie still and the light is flat. " +
      "A drone does it in nine minutes. For fairness, and because they always have, the guests " +
      "of the Compass did it too, by telescope, in a little under two hours.",
    place: "the seal rocks",
    person: "Dr. Amara Quill",
    role: "biologist",
    group: "the nature trust",
    thing: "the count",
    figure: "211 seals",
  },
  {
    slug: "quay-stones-turned-over",
    title: "The quay is relaid with its own stones, upside down",
    lede: "Two centuries of cartwheels wore one side smooth. The masons simply turned them over.",
    authorId: "calder",
    opening:
      "Each stone has a number in chalk, and goes back to the place it came from, with its face " +
      "to the ground. Underneath they are as rough as on the day they were cut, which is what a " +
      "wet quay wants. The masons say they would like to meet whoever planned for that.",
    place: "the long quay",
    person: "Rafe Dunmore",
    role: "master mason",
    group: "the works department",
    thing: "the quay",
    figure: "2,960 stones",
  },
];
