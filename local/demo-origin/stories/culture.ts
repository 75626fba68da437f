// Seeded stories of the culture section, newest first.
import type { Story } from "./story.ts";

export const cultureStories: readonly Story[] = [
  {
    slug: "choir-sings-the-tide-tables",
    title: "A choir sings the tide tables, all 365 days",
    lede: "High water is for the sopranos. The performance takes nine hours, and the audience may knit.",
    authorId: "wren",
    opening:
      "It begins in the dark, with the first of January, on a low G. The basses have low water " +
      "and hold it for as long as it lasts. Then, slowly, somewhere behind you, the tide comes " +
      "in, and you understand why people had told you to bring a cushion.",
    place: "the old net store",
    person: "Magnus Oduya",
    role: "composer",
    group: "the harbour choir",
    thing: "the tide piece",
    figure: "nine hours",
  },
  {
    slug: "museum-of-small-mistakes",
    title: "A museum of small mistakes opens in the customs cellar",
    lede: "Misprinted stamps, a left-handed kettle, and a map on which the island is upside down.",
    authorId: "wren",
    opening:
      "The sign over the door is spelt wrong, and it took the committee two meetings to agree " +
      "on how. Inside, in good light and on velvet, lie a hundred and ten things that did not " +
      "come out as they should have. Most of them are quite beautiful.",
    place: "the customs cellar",
    person: "Philippa Østergaard",
    role: "curator",
    group: "the museum committee",
    thing: "the museum",
    figure: "110 objects",
  },
  {
    slug: "cinema-finds-the-lost-reel",
    title: "The Regent finds the lost reel of “The Salt Road”",
    lede: "For seventy years the film had no ending. It was in the projection room, under a chair leg.",
    authorId: "calder",
    opening:
      "The chair had wobbled, and someone had put something flat under it. That is the whole " +
      "story of how the last eleven minutes of the only feature film ever made on Skerrow went " +
      "missing in 1954, between the afternoon performance and the evening one.",
    place: "the Regent cinema",
    person: "Esther Vandermeer",
    role: "projectionist",
    group: "the film club",
    thing: "the lost reel",
    figure: "11 minutes",
  },
  {
    slug: "poems-on-the-ferry-tickets",
    title: "There are poems on the ferry tickets now",
    lede: "Forty of them, by passengers, four lines each. The single to Port Ansel rhymes.",
    authorId: "hale",
    opening:
      "You get them with your change. Some are about the sea, which was to be expected; a good " +
      "many are about soup. People swap them on the upper deck, and there is a market for the " +
      "one about the lost glove, of which only two hundred were printed.",
    place: "the ticket office",
    person: "Jasper Nkemelu",
    role: "editor",
    group: "the ferry company",
    thing: "the ticket poem",
    figure: "40 poems",
  },
  {
    slug: "fiddle-carved-from-a-mast",
    title: "A fiddle carved from a mast",
    lede: "The schooner Hopewell was broken up in 1988. On Saturday she played a reel.",
    authorId: "wren",
    opening:
      "Spruce that has stood in the wind for eighty years has nothing left to settle. So the " +
      "maker said when he took home a length of the Hopewell’s mast, and then for a long while " +
      "he did not dare to cut it. The fiddle has a dark streak where the flag halyard ran.",
    place: "the workshop on Rope Walk",
    person: "Anders Mbeki",
    role: "violin maker",
    group: "the folk club",
    thing: "the fiddle",
    figure: "81 rings",
  },
  {
    slug: "theatre-in-the-lifeboat-house",
    title: "“The Tempest” in the lifeboat house, with a real launch",
    lede: "The tide decides when the play begins, and on the third night the play was called away.",
    authorId: "calder",
    opening:
      "Prospero stood on the slipway and raised his staff, the great doors opened, and behind " +
      "them there really was the sea. On the third night there was also a call from a yacht off " +
      "the head. The crew, five of them in ruffs, were back in time for the epilogue.",
    place: "the lifeboat house",
    person: "Consuelo Hartigan",
    role: "director",
    group: "the island theatre",
    thing: "the production",
    figure: "six performances",
  },
  {
    slug: "crossword-turns-ten-thousand",
    title: "Our crossword turns ten thousand, and confesses",
    lede: "Its setter has a name at last, and an apology for the clue of 12 March 1997.",
    authorId: "wren",
    opening:
      "For thirty-one years it has been signed with a small drawing of a snail. Readers have " +
      "suspected a bishop, a pair of twins and the editor. This week, in the answers to number " +
      "10,000, read from the top, the snail has told us who it is.",
    place: "the composing room",
    person: "Winifred Salazar",
    role: "setter",
    group: "the puzzle desk",
    thing: "the crossword",
    figure: "10,000 grids",
  },
  {
    slug: "ceramics-from-dredged-clay",
    title: "Bowls from the bottom of the harbour",
    lede: "The dredger’s blue clay was waste until a potter put some on her wheel, without asking.",
    authorId: "sorby",
    opening:
      "It is blue when wet, grey when dry, and in the kiln it goes the colour of a good crust. " +
      "The potter carried home the first bucket by night, since the permit forbade it. The " +
      "harbour board has since seen the bowls, amended the permit, and ordered twelve.",
    place: "the kiln yard",
    person: "Ottoline Brask",
    role: "potter",
    group: "the harbour board",
    thing: "the blue clay",
    figure: "1,180 degrees",
  },
  {
    slug: "island-dictionary-reaches-m",
    title: "The island dictionary reaches the letter M",
    lede: "It has taken 22 years. There are eleven words for mist, and the editors suspect a twelfth.",
    authorId: "okafor",
    opening:
      "A “mirl” is the mist that lies on the water before a still day. A “mug” is one that you " +
      "can lean on. The editors, who are three, meet on Wednesdays with a kettle and a box of " +
      "slips, and will not be hurried, least of all by the letter S.",
    place: "the reading room",
    person: "Ursula Penhallow",
    role: "lexicographer",
    group: "the dictionary circle",
    thing: "the dictionary",
    figure: "14,200 slips",
  },
  {
    slug: "dance-hall-floor-sprung-again",
    title: "The floor of the Alhambra springs again",
    lede: "Four hundred horsehair pads have been renewed, and the foxtrot has lost its limp.",
    authorId: "calder",
    opening:
      "A sprung floor gives by the thickness of a coin, and gives it back. The one in the " +
      "Alhambra had stopped giving in about 1979. Dancers blamed the band, and the band blamed " +
      "the times. It was the horsehair, and under the horsehair, a dropped hammer.",
    place: "the Alhambra",
    person: "Florian Adeyemi",
    role: "carpenter",
    group: "the dance society",
    thing: "the floor",
    figure: "400 pads",
  },
  {
    slug: "a-mural-that-only-shows-in-rain",
    title: "A mural that only shows in the rain",
    lede: "It is painted with what keeps water off a coat. On dry days the wall is just a wall.",
    authorId: "hale",
    opening:
      "Visitors who come for it in fine weather are given a voucher. When the first drops fall, " +
      "though, a dark line runs along the plaster, then a fin, then a whole shoal, and people " +
      "who ought to be sheltering come out of the shops without their hats.",
    place: "the gable on Rope Walk",
    person: "Lucía Thornbury",
    role: "painter",
    group: "the arts council",
    thing: "the mural",
    figure: "204 wet days",
  },
  {
    slug: "brass-band-plays-on-the-ice",
    title: "The brass band plays on the ice, in gloves",
    lede: "Valves freeze at minus nine. The programme was arranged for trombones, and for speed.",
    authorId: "sorby",
    opening:
      "The conductor tested the ice with a pole and the musicians tested it with their eyes. " +
      "Then they went out, thirty of them, in a wide ring so as to spread the weight, and " +
      "played the overture without the soft passage, for which nobody had the lips.",
    place: "Loch Evening",
    person: "Barnaby Løvstad",
    role: "conductor",
    group: "the brass band",
    thing: "the concert",
    figure: "minus nine degrees",
  },
  {
    slug: "letters-from-the-weather-ship",
    title: "Love letters from a weather ship",
    lede: "They were sent as weather reports, in code, from 1952 to 1959. She has let us print three.",
    authorId: "okafor",
    opening:
      "“Visibility poor, swell from the west, thinking of the blue door.” The officer on the " +
      "receiving end took it for a garbled digit. The telegraphist next to him, aged " +
      "twenty-three, did not, and asked whether she might keep the strip.",
    place: "the old wireless station",
    person: "Dorothea Lindahl",
    role: "telegraphist",
    group: "the history circle",
    thing: "the correspondence",
    figure: "83 letters",
  },
  {
    slug: "cookbook-of-a-bad-summer",
    title: "The cookbook of a bad summer wins a prize",
    lede: "Ninety recipes for what grows without sun. The jury praised the cabbage, and the candour.",
    authorId: "hale",
    opening:
      "It rained from the second of June until people stopped writing it down. The beans " +
      "drowned, the tomatoes stayed green, and on the hill allotments they began to cook what " +
      "there was. The chapter on cabbage has a preface, a middle, and an apology.",
    place: "the hill allotments",
    person: "Tamsin Obuya",
    role: "cook",
    group: "the allotment society",
    thing: "the cookbook",
    figure: "90 recipes",
  },
  {
    slug: "organ-with-a-foghorn-stop",
    title: "The chapel organ has a foghorn stop",
    lede: "It was a gift of the coastguard, it is used twice a year, and you will know when.",
    authorId: "wren",
    opening:
      "It is the last knob on the left, it says “Lux”, and the organist keeps a thimble over it " +
      "so that nobody pulls it while dusting. On Christmas Eve the thimble comes off. Babies " +
      "sleep through it. The windows were releaded in 2003, with a view to the pedal C.",
    place: "the sailors’ chapel",
    person: "Cornelius Ayari",
    role: "organist",
    group: "the parish",
    thing: "the foghorn stop",
    figure: "32 feet",
  },
];
