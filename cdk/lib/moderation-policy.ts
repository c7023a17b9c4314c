/** What is done when a photo carries a moderation label: tell somebody, ask somebody, or withhold it. */
export const MODERATION_ACTIONS = ['ALERT', 'REVIEW', 'BLOCK'] as const;

/** One rule of the moderation policy. Of the rules that match a photo, the strictest action counts. */
export interface ModerationRule {
  /** A category of any level of Rekognition's taxonomy (version 7); it stands for all that lies below it, too. */
  readonly category: string;
  /** From which confidence on the rule matches, in percent. */
  readonly minConfidence: number;
  readonly action: (typeof MODERATION_ACTIONS)[number];
}

/**
 * The policy without a settings file: it withholds what is surely explicit, asks a person about what is doubtful or
 * disturbing, and only tells of what most places allow.
 */
export const DEFAULT_MODERATION_POLICY: readonly ModerationRule[] = [
  { category: 'Explicit', minConfidence: 80, action: 'BLOCK' },
  { category: 'Explicit', minConfidence: 50, action: 'REVIEW' },
  { category: 'Non-Explicit Nudity of Intimate parts and Kissing', minConfidence: 60, action: 'REVIEW' },
  { category: 'Violence', minConfidence: 60, action: 'REVIEW' },
  { category: 'Visually Disturbing', minConfidence: 60, action: 'REVIEW' },
  { category: 'Hate Symbols', minConfidence: 60, action: 'REVIEW' },
  { category: 'Swimwear or Underwear', minConfidence: 80, action: 'ALERT' },
  { category: 'Drugs & Tobacco', minConfidence: 80, action: 'ALERT' },
  { category: 'Alcohol', minConfidence: 80, action: 'ALERT' },
  { category: 'Rude Gestures', minConfidence: 80, action: 'ALERT' },
  { category: 'Gambling', minConfidence: 80, action: 'ALERT' },
];
