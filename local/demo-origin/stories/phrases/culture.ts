// What stories of the culture section may go on to say.
import type { Phrases } from "../story.ts";

export const culturePhrases: Phrases = {
  paragraphs: [
    "{person}, {role}, is not given to large words. Asked what it is all about, {surname} thinks for " +
      "some time and says that it is about paying attention, and that one could do worse. Then the " +
      "lamp is moved a little to the left, a chair is found, and the visitor at {place} is shown " +
      "how it is done, slowly, twice.",
    "The first evening was for neighbours only, as is the custom. They sat close, in their coats, " +
      "and at the end there was the silence that here stands for a compliment. It lasted long " +
      "enough for those from the mainland to grow uneasy. Then a voice at the back said “Well, " +
      "now”, and everyone breathed out and looked for their gloves.",
    "As to {figure}, it is often asked whether it is a joke. It is not, and neither is it a boast. " +
      "It is simply what came of starting at one end and going on to the other, says {surname}, " +
      "who recommends it as a method. Somebody has embroidered the number on a cushion. It is " +
      "a good cushion, and it goes to whoever arrives last.",
    "There is a tradition of such things, thin but unbroken. In 1932 the islanders put on an opera " +
      "about a herring; in 1967 a travelling painter paid for a winter’s board with a ceiling. " +
      "Little of it is in the books. {group} has begun to collect what people remember, and finds " +
      "that they remember different ceilings.",
    "Critics have come over, by the slow boat, and gone back thoughtful. One wrote of “a stubborn, " +
      "weatherproof tenderness”, which was pinned up over the stove at {place} and is quoted " +
      "whenever something leaks. Another did not care for {thing} at all, said so, and was asked " +
      "to stay for supper. He has written since to ask for the recipe.",
    "Behind it lies a great deal of plain work. Things had to be carried, and then carried back. " +
      "There were permits, of which two contradicted each other. {group} met thirty-four times, " +
      "always with cake, and the treasurer’s report has a line for cake that the auditor has " +
      "marked with a small and not unfriendly question mark.",
    "The young have taken to it, in their way. They film {thing} upside down, or in the dark, or " +
      "with a gull in front of it, and send it to one another with remarks that {surname} has " +
      "asked to have explained. Eight of them have since enrolled. They are quick, they are loud, " +
      "and they turn up, which is three quarters of any art.",
    "Not all of it can be kept. The light will change, the damp will get in, somebody will move to " +
      "Fårnes and take the key along. {surname} does not mind. A thing that is over has been, and " +
      "nobody can take that from it; a thing that goes on for ever is a kind of furniture. There " +
      "will be a last evening, and it will be announced.",
    "For those who wish to see for themselves: {place} is ten minutes from the pier, uphill, past the " +
      "pump. Doors open at seven. Pay what you can into the teapot. Dogs are welcome until they " +
      "give an opinion. If the wind is from the north-east, take the lower path, and if there is " +
      "fog, follow the sound.",
  ],
  quotes: [
    "I never wanted it to be good. I wanted it to be finished, and then it turned out to be good.",
    "People say there’s no audience on an island. There is nothing else on an island.",
    "If you leave a door open long enough, somebody will come in who can sing.",
    "It is not art until my neighbour complains, and she has, bless her, in verse.",
    "We rehearsed for the rain. The sun, when it came, threw everybody off.",
  ],
  headings: [
    "Thirty-four meetings, with cake",
    "The first evening",
    "A thin tradition",
    "Ten minutes uphill",
    "What can be kept",
  ],
};
