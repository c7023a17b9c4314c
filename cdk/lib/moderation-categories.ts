/**
 * The categories of content moderation, version 7, by level: Rekognition developer guide, "Using the image and video moderation APIs", Label
 * Categories. Names of level 1, then of level 2, then of level 3.
 */
const TAXONOMY: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  Explicit: {
    'Explicit Nudity': ['Exposed Male Genitalia', 'Exposed Female Genitalia', 'Exposed Buttocks or Anus', 'Exposed Female Nipple'],
    'Explicit Sexual Activity': [],
    'Sex Toys': [],
  },
  'Non-Explicit Nudity of Intimate parts and Kissing': {
    'Non-Explicit Nudity': ['Bare Back', 'Exposed Male Nipple', 'Partially Exposed Buttocks', 'Partially Exposed Female Breast', 'Implied Nudity'],
    'Obstructed Intimate Parts': ['Obstructed Female Nipple', 'Obstructed Male Genitalia'],
    'Kissing on the Lips': [],
  },
  'Swimwear or Underwear': { 'Female Swimwear or Underwear': [], 'Male Swimwear or Underwear': [] },
  Violence: {
    Weapons: [],
    'Graphic Violence': ['Weapon Violence', 'Physical Violence', 'Self-Harm', 'Blood & Gore', 'Explosions and Blasts'],
  },
  'Visually Disturbing': { 'Death and Emaciation': ['Emaciated Bodies', 'Corpses'], Crashes: ['Air Crash'] },
  'Drugs & Tobacco': { Products: ['Pills'], 'Drugs & Tobacco Paraphernalia & Use': ['Smoking'] },
  Alcohol: { 'Alcohol Use': ['Drinking'], 'Alcoholic Beverages': [] },
  'Rude Gestures': { 'Middle Finger': [] },
  Gambling: {},
  'Hate Symbols': { 'Nazi Party': [], 'White Supremacy': [], Extremist: [] },
};

/** The names of all levels. */
export const MODERATION_CATEGORIES: readonly string[] = Object.entries(TAXONOMY).flatMap(([first, below]) => [
  first,
  ...Object.entries(below).flatMap(([second, third]) => [second, ...third]),
]);
