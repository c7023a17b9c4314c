import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { FUNCTION_NAMES } from '../lib/function-names.ts';
import { liveOf, resourceOf, resourcesOf, settingsFile, templatesOf, versionOf } from './app.ts';

let template: Template;
beforeAll(() => {
  template = templatesOf().stateless;
});

const matching = (type: string, id: RegExp, of = template) => resourcesOf(of, type).filter(([found]) => id.test(found));

describe('releases of functions', () => {
  test.each(FUNCTION_NAMES)('%s has a version that stays when the next one comes, and an alias that goes on', (name) => {
    const versions = matching('AWS::Lambda::Version', versionOf(name));
    expect(versions.map(([, { DeletionPolicy, UpdateReplacePolicy }]) => [DeletionPolicy, UpdateReplacePolicy])).toEqual([['Retain', 'Retain']]);
    const aliases = matching('AWS::Lambda::Alias', liveOf(name));
    expect(aliases.map(([, { Properties }]) => Properties)).toEqual([
      {
        FunctionName: expect.anything() as unknown,
        FunctionVersion: { 'Fn::GetAtt': [versions[0]?.[0], 'Version'] },
        Name: 'live',
      },
    ]);
  });

  test('are new where a function is, and the same where it is not', () => {
    const changed = templatesOf({ settings: settingsFile({ textLineMinConfidence: 70 }) }).stateless;
    const version = (name: (typeof FUNCTION_NAMES)[number], of = template): unknown => matching('AWS::Lambda::Version', versionOf(name), of)[0]?.[0];
    expect(version('detect-text', changed)).not.toBe(version('detect-text'));
    for (const name of FUNCTION_NAMES.filter((other) => other !== 'detect-text')) expect(version(name, changed)).toBe(version(name));
  });

  test('are all new where an id is given, so that what was rolled back can be released again, and the same where the id is', () => {
    const versionsOf = (id: string): string[] => resourcesOf(templatesOf({ 'release-id': id }).stateless, 'AWS::Lambda::Version').map(([version]) => version);
    const [plain, first, again, second] = [resourcesOf(template, 'AWS::Lambda::Version').map(([version]) => version), versionsOf('1'), versionsOf('1'), versionsOf('2')];
    expect(again).toEqual(first);
    expect([...plain, ...first, ...second].filter((version, index, all) => all.indexOf(version) === index)).toHaveLength(3 * FUNCTION_NAMES.length);
  });

  test('name their id in the description of each function and in an output, and none where none is given', () => {
    const withId = templatesOf({ 'release-id': '2026-11-25T23:41:07Z' }).stateless;
    const descriptions = (of: Template): string[] => resourcesOf(of, 'AWS::Lambda::Function').map(([, { Properties }]) => String(Properties.Description));
    for (const description of descriptions(withId)) expect(description).toMatch(/ \(release 2026-11-25T23:41:07Z\)$/);
    for (const description of descriptions(template)) expect(description).not.toContain('release');
    expect(withId.findOutputs('ReleaseId')).toEqual({ ReleaseId: { Value: '2026-11-25T23:41:07Z' } });
  });

  test('are what everything calls: nothing calls a function without a version or an alias', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function').map(([id]) => id);
    const callers = ['AWS::Events::Rule', 'AWS::Lambda::EventSourceMapping', 'AWS::Lambda::Permission', 'AWS::Scheduler::Schedule', 'AWS::StepFunctions::StateMachine'];
    const text = JSON.stringify(callers.map((type) => resourcesOf(template, type)));
    expect(functions.filter((id) => text.includes(`"${id}"`))).toEqual([]);
  });
});

describe('releases of the state machine', () => {
  test('are versions of its revisions, which stay', () => {
    const version = resourceOf(template, 'AWS::StepFunctions::StateMachineVersion', 'ImageAnalysisReleaseVersion');
    const machine = expect.stringMatching(/^ImageAnalysisStateMachine/) as unknown;
    expect(version).toMatchObject({
      Properties: { StateMachineArn: { 'Fn::GetAtt': [machine, 'Arn'] }, StateMachineRevisionId: { 'Fn::GetAtt': [machine, 'StateMachineRevisionId'] } },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  const preferenceIn = (of: Template): unknown => resourceOf(of, 'AWS::StepFunctions::StateMachineAlias', 'ImageAnalysisReleaseLive').Properties;
  const StateMachineVersionArn = { 'Fn::GetAtt': [expect.stringMatching(/^ImageAnalysisReleaseVersion/), 'Arn'] };

  test('take over a tenth of the executions first, and go back where the error rate rings', () => {
    const alarm = { Ref: expect.stringMatching(/^Alarmserrorrate/) as unknown };
    expect(preferenceIn(template)).toEqual({
      Name: 'live',
      DeploymentPreference: { Type: 'CANARY', Percentage: 10, Interval: 15, Alarms: [alarm], StateMachineVersionArn },
    });
  });

  test('take over at once where somebody has to mend something', () => {
    const atOnce = templatesOf({ release: 'at-once' }).stateless;
    expect(preferenceIn(atOnce)).toEqual({ Name: 'live', DeploymentPreference: { Type: 'ALL_AT_ONCE', StateMachineVersionArn } });
  });
});
