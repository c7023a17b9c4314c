// The three bands of a confidence (0–100): above 90, 70 to 90, below 70. Colour is never the only sign of a band.

export type Band = 'sure' | 'likely' | 'unsure';

export function band(confidence: number): Band {
  if (confidence > 90) return 'sure';
  return confidence >= 70 ? 'likely' : 'unsure';
}

/**
 * A whole number that never contradicts its band: rounded away from the border it has not crossed
 * (90.4 is `sure`, so it shows 91; 69.7 is `unsure`, so it shows 69).
 */
export function whole(confidence: number): number {
  const rounded = Math.round(confidence);
  if (band(rounded) === band(confidence)) return rounded;
  return rounded > confidence ? Math.floor(confidence) : Math.ceil(confidence);
}
