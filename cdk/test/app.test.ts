import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { makeApp, normalised, templatesOf } from './app.ts';

describe('the app', () => {
  test.each(['aws', 'local'])('leaves no finding of cdk-nag open: %s', (environment) => {
    const { app } = makeApp({ environment });
    app.synth();
    expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
  });

  test('is looked at by cdk-nag', () => {
    const { app, stateful } = makeApp();
    new Bucket(stateful, 'Careless');
    app.synth();
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
  });

  test('is the same for any account and region', () => {
    const { stateful, stateless } = templatesOf();
    const text = JSON.stringify([stateful.toJSON(), stateless.toJSON()]);
    expect(text).not.toMatch(/\b\d{12}\b/);
    expect(text).not.toMatch(/\b(eu|us|ap)-[a-z]+-\d\b/);
  });

  test('can stand twice in one account, under two names', () => {
    const { stateful, stateless } = makeApp({ name: 'second' });
    expect([stateful.stackName, stateless.stackName]).toEqual(['second-stateful', 'second-stateless']);
    expect(JSON.stringify(templatesOf({ name: 'second' }).stateless.toJSON())).not.toMatch(/sightline-(image-analysis|stateful|stateless)/);
  });

  test('synthesises what it did before', async () => {
    const snapshot = JSON.stringify(normalised(templatesOf()), undefined, 2);
    await expect(`${snapshot}\n`).toMatchFileSnapshot('snapshots/sightline.json');
  });
});
