// Seeded stories of the science section, newest first.
import type { Story } from "./story.ts";

export const scienceStories: readonly Story[] = [
  {
    slug: "petrels-sleep-on-the-wing",
    title: "Storm petrels sleep on the wing, nine seconds at a time",
    lede: "A recorder lighter than a paper clip has followed eleven birds for a whole winter at sea.",
    authorId: "okafor",
    opening:
      "The bird weighs as much as a letter, and it had been to the coast of Namibia and back. " +
      "What it did there, second by second, was on its back in a recorder lighter than a paper " +
      "clip. For a long time nobody at the station dared to switch on the reader.",
    place: "the bird station",
    person: "Dr. Elin Varga",
    role: "ornithologist",
    group: "the bird station",
    thing: "the recorder",
    figure: "nine seconds",
  },
  {
    slug: "peat-core-tells-of-a-wet-century",
    title: "A peat core tells of a century when it did not stop raining",
    lede: "Seven metres of moor have been read like a diary. The wettest pages are from the 1310s.",
    authorId: "okafor",
    opening:
      "It comes out of the ground like a long dark cake and smells of matches. A centimetre is " +
      "about eleven years. Laid out in the school gymnasium, where there was room, the moor " +
      "went from one basketball hoop to the other and back to the last ice.",
    place: "Hollow Moor",
    person: "Dr. Kwame Sandell",
    role: "palaeoecologist",
    group: "the moor survey",
    thing: "the core",
    figure: "seven metres",
  },
  {
    slug: "sixth-form-finds-a-comet",
    title: "Sixth form finds a comet in the school’s own photographs",
    lede: "It was on four plates, a smudge that moved. It will bear a number, and quietly also a name.",
    authorId: "okafor",
    opening:
      "The exercise was to measure an asteroid, and the asteroid was where it ought to be. " +
      "Beside it was something that was not. The class checked for dust, for satellites and for " +
      "jam, in that order, and then woke their teacher, who was glad to be woken.",
    place: "the school observatory",
    person: "Noor Eklund",
    role: "physics teacher",
    group: "the astronomy club",
    thing: "the comet",
    figure: "magnitude 18.6",
  },
  {
    slug: "bees-prefer-the-churchyard",
    title: "Bees prefer the churchyard to the meadow",
    lede: "Three summers of counting: the old wall has more species than the whole nature reserve.",
    authorId: "sorby",
    opening:
      "The meadow was sown for them, at some expense, and they visit it politely. But they live " +
      "in the churchyard, in the south wall, in the crumbled lime between stones that nobody " +
      "has pointed since 1840. Fifty-three species have been caught there, admired, and let go.",
    place: "the churchyard",
    person: "Dr. Mirela Stroud",
    role: "entomologist",
    group: "the nature trust",
    thing: "the south wall",
    figure: "53 species",
  },
  {
    slug: "tidal-turbine-survives-its-first-winter",
    title: "The tidal turbine survives its first winter",
    lede: "It lost some paint, gained some barnacles, and lit 410 homes through the longest night.",
    authorId: "sorby",
    opening:
      "It was lifted on a still day in March, streaming, with a crab in the nacelle. The " +
      "engineers had brought tools for a long repair. They walked around it for a while with " +
      "torches, and then somebody laughed, and they had their sandwiches early.",
    place: "the Narrows",
    person: "Ragna Fitzwilliam",
    role: "chief engineer",
    group: "the power cooperative",
    thing: "the turbine",
    figure: "410 homes",
  },
  {
    slug: "map-of-the-sea-floor-at-one-metre",
    title: "The sea floor around Skerrow, mapped to the metre",
    lede: "Twelve wrecks were known. The new map shows nineteen, and a wall that no one can explain.",
    authorId: "okafor",
    opening:
      "On the screen the water is gone. There lies the island, grown to twice its size, with a " +
      "river bed where the ferry goes and terraces where the old shore was. And there, eighteen " +
      "metres down and straight as a rule, runs a line of stones for half a mile.",
    place: "the outer bank",
    person: "Dr. Tobias Akande",
    role: "hydrographer",
    group: "the hydrographic office",
    thing: "the map",
    figure: "19 wrecks",
  },
  {
    slug: "old-barometer-was-right",
    title: "The old barometer was right all along",
    lede: "For sixty years its readings were corrected. It was the correction that was wrong.",
    authorId: "wren",
    opening:
      "In 1961 a visiting inspector found the station’s barometer two hundredths out and wrote " +
      "a note. The note was obeyed until this spring, when a new instrument was hung beside the " +
      "old one and the two agreed to the last digit, note or no note.",
    place: "the weather station",
    person: "Hedda Lomax",
    role: "observer",
    group: "the weather station",
    thing: "the barometer",
    figure: "0.02 inches",
  },
  {
    slug: "sheep-that-eat-seaweed",
    title: "What seaweed does to a sheep",
    lede: "The flock on the north shore belches a third less methane, and tastes faintly of iodine.",
    authorId: "sorby",
    opening:
      "They come down with the ebb, in single file, as they have for four hundred years, and " +
      "graze among the rocks until the sea sends them home. For one of those years each wore a " +
      "small harness with a tube. The sheep, says the report, did not seem to mind.",
    place: "the north shore",
    person: "Dr. Freya Montague",
    role: "animal scientist",
    group: "the sheep society",
    thing: "the seaweed diet",
    figure: "34 per cent",
  },
  {
    slug: "moss-garden-on-the-roof",
    title: "A moss garden on the roof keeps the clinic cool",
    lede: "No soil, no pump, no gardener: 900 square metres of it, and six degrees less in July.",
    authorId: "sorby",
    opening:
      "It arrived in rolls, like a carpet, and for a month it looked dead. Then it rained for " +
      "an afternoon and the roof of the clinic turned the green of a billiard table. Patients " +
      "on the upper floor have asked for their beds to be moved nearer to the window.",
    place: "the clinic",
    person: "Anselm Duarte",
    role: "roofer",
    group: "the clinic trust",
    thing: "the moss roof",
    figure: "six degrees",
  },
  {
    slug: "whale-song-has-a-new-verse",
    title: "The whales have a new verse this year",
    lede: "A phrase first heard off Brazil has reached the sound. It took the humpbacks two seasons.",
    authorId: "okafor",
    opening:
      "It comes after the second groan, and it goes up where it used to go down. The microphone " +
      "under the west head caught it on the fourth of October at ten past three in the morning. " +
      "By the end of the week every male in the sound was singing it.",
    place: "the west head",
    person: "Dr. Inês Calloway",
    role: "bioacoustician",
    group: "the listening station",
    thing: "the new verse",
    figure: "5,000 nautical miles",
  },
  {
    slug: "lichen-dates-the-standing-stones",
    title: "Lichen dates the standing stones, and moves them by 600 years",
    lede: "A patient yellow crust, growing half a millimetre a year, is older than the guidebook.",
    authorId: "wren",
    opening:
      "Lichen is no clock, but it is slow in a regular way. On gravestones, which have dates, " +
      "one may learn how slow. Then one kneels before a stone that has none, with a lens and a " +
      "ruler, on a wet day for preference, and does the sum.",
    place: "the ring at Hollow Moor",
    person: "Dr. Ottilie Ramsay",
    role: "lichenologist",
    group: "the history circle",
    thing: "the lichen",
    figure: "600 years",
  },
  {
    slug: "clinic-trial-walks-instead-of-pills",
    title: "Doctor’s orders: the cliff path, twice a week",
    lede: "In a trial with 240 patients, walking in company did as much for sleep as the tablets.",
    authorId: "hale",
    opening:
      "The prescription is written on the same pad as any other: cliff path, forty minutes, " +
      "twice a week, in company. It has a space for side effects. Those reported so far are a " +
      "twisted ankle, two friendships, and one engagement.",
    place: "the cliff path",
    person: "Dr. Samuel Ekberg",
    role: "physician",
    group: "the clinic",
    thing: "the trial",
    figure: "240 patients",
  },
  {
    slug: "island-ham-hears-the-space-station",
    title: "A radio amateur talks to the space station from a henhouse",
    lede: "The contact lasted four minutes. The hens, audible throughout, were asked after twice.",
    authorId: "hale",
    opening:
      "The henhouse has the best horizon on the farm, which is why the aerial is there. At " +
      "19:42 the station rose over the sea, at 19:43 a voice said good evening in two " +
      "languages, and at 19:44 the voice wished to know what that noise was.",
    place: "Upper Farm",
    person: "Gudrun Achebe",
    role: "radio amateur",
    group: "the radio club",
    thing: "the contact",
    figure: "four minutes",
  },
  {
    slug: "seed-bank-in-the-old-mine",
    title: "A seed bank in the old mine keeps 812 kinds of oats and beans",
    lede: "At a steady four degrees, the copper gallery stores what the gardens of seven islands grew.",
    authorId: "sorby",
    opening:
      "You walk for ten minutes with a lamp, and then there is a door of ordinary kitchen size. " +
      "Behind it stand jars. In each is a spoonful of some bean that a grandmother swore by, " +
      "with a label in her hand, and, on the back, a number in another.",
    place: "the copper mine",
    person: "Margarethe Sloane",
    role: "keeper of seeds",
    group: "the seed circle",
    thing: "the seed bank",
    figure: "812 varieties",
  },
  {
    slug: "light-under-the-ice",
    title: "There is light under the ice of Loch Evening",
    lede: "A lamp was lowered through a hole. What it found had lamps of its own. “Mårild”, a guest called it.",
    authorId: "okafor",
    opening:
      "The hole was no wider than a plate, and through it went a lamp, a lens and ninety metres " +
      "of cable. The lamp was switched off to save its battery. That is when those at the " +
      "screen saw that it was not dark down there, and never had been.",
    place: "Loch Evening",
    person: "Dr. Haruka Lind",
    role: "limnologist",
    group: "the loch survey",
    thing: "the glow",
    figure: "90 metres",
  },
];
