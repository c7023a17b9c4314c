import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CDK_FOLDER, resourcesOf, settingsFile, templatesOf } from './app.ts';

const SECTION = /\n## Alarms\n(.*?)\n## /s.exec(readFileSync(join(CDK_FOLDER, '../docs/operations.md'), 'utf8'))?.[1] ?? '';

/** The alarms of the runbook, each with what it says. */
const RUNBOOK = new Map(
  SECTION.split('\n### ')
    .slice(1)
    .map((chapter): [string, string] => [chapter.split('\n', 1)[0] ?? '', chapter]),
);

describe('the runbook', () => {
  test('has a chapter for each alarm, and none for what is no alarm', () => {
    const { stateless } = templatesOf({ settings: settingsFile({ monthlyBudgetUsd: 1 }) });
    const alarms = resourcesOf(stateless, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => String(Properties.AlarmName).replace(/^sightline-/, ''));
    const budgets = resourcesOf(stateless, 'AWS::Budgets::Budget').map(() => 'spend');
    expect([...RUNBOOK.keys()].sort()).toEqual([...alarms, ...budgets].sort());
  });

  test.each([...RUNBOOK])('says of %s what it means, where to look and what to do', (_, chapter) => {
    for (const part of ['Means', 'Look', 'Do']) expect(chapter).toMatch(new RegExp(`\n- \\*\\*${part}:\\*\\* \\S`));
  });
});
