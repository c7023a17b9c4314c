import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { makeAlarms } from './alarms.ts';
import { Bell } from './bell.ts';
import { Budget } from './budget.ts';
import { BulkImport } from './bulk-import.ts';
import { Dashboard } from './dashboard.ts';
import type { Environment } from './environment.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';
import { FailureTrigger } from './failure-trigger.ts';
import { ImageAnalysis } from './image-analysis.ts';
import type { ReleaseMode } from './machine-release.ts';
import { Metrics } from './metrics.ts';
import { PipelineFunctions } from './pipeline-functions.ts';
import { Reconcile } from './reconcile.ts';
import type { Settings } from './settings.ts';
import type { StatefulStack } from './stateful-stack.ts';
import type { Workshop } from './task-function.ts';
import { Topics } from './topics.ts';
import { Trends } from './trends.ts';
import { UploadTrigger } from './upload-trigger.ts';

/** Paths of the state machines' ASL files. */
export interface Definitions {
  readonly imageAnalysis: string;
  readonly bulkImport: string;
}

export interface StatelessStackProps extends StackProps {
  readonly environment: Environment;
  readonly settings: Settings;
  /** What begins the names of what must have one. */
  readonly appName: string;
  readonly definitions: Definitions;
  /** How a release takes over. */
  readonly releaseMode: ReleaseMode;
  /** Tells a release from one with the same content that was rolled back. */
  readonly releaseId: string | undefined;
  readonly stateful: StatefulStack;
}

/** What works on the data, and can be deleted and deployed anew at any time. */
export class StatelessStack extends Stack {
  constructor(scope: Construct, id: string, props: StatelessStackProps) {
    super(scope, id, { description: 'sightline: the image pipeline', ...props });
    const { environment, settings, stateful, appName: deployment } = props;
    const workshop: Workshop = { artefacts: environment.artefacts, settings, deployment, releaseId: props.releaseId };
    const stateMachineName = `${deployment}-image-analysis`;
    const deadLetterQueue = new DeadLetterQueue(this, 'EventsDeadLetters').queue;
    const topics = new Topics(this, 'Topics', { dataKey: stateful.dataKey });
    const functions = new PipelineFunctions(this, 'Functions', {
      workshop,
      images: stateful.images,
      records: stateful.records,
      topics,
      stateMachineName,
      deadLetterQueue,
    });
    const bell = new Bell(this, 'Alarms', { environment, deployment, topics });
    const imageAnalysis = new ImageAnalysis(this, 'ImageAnalysis', {
      environment,
      bell,
      releaseMode: props.releaseMode,
      stateMachineName,
      definitionFile: props.definitions.imageAnalysis,
      functions: functions.tasks,
      reviewTimeoutSeconds: settings.reviewTimeoutSeconds,
      logRetentionDays: settings.logRetentionDays,
    });
    const { stateMachine } = imageAnalysis;
    const { images, records } = stateful;
    const reconcile = new Reconcile(this, 'Reconcile', { workshop, images, records, imageAnalysis });
    const trends = new Trends(this, 'Trends', { workshop, records, counters: stateful.trends, topics });
    const bulkImport = new BulkImport(this, 'BulkImport', {
      environment,
      workshop,
      stateMachineName: `${deployment}-bulk-import`,
      definitionFile: props.definitions.bulkImport,
      images,
      records,
      imageAnalysis,
    });
    new UploadTrigger(this, 'UploadTrigger', { bucket: stateful.images.bucket, imageAnalysis, deadLetterQueue });
    new FailureTrigger(this, 'FailureTrigger', { stateMachine, recordFailure: functions.recordFailure, deadLetterQueue });

    const metrics = new Metrics(deployment);
    const watched = { metrics, deadLetterQueue, countTrends: trends.count };
    makeAlarms(bell, {
      ...watched,
      uncounted: trends.uncounted,
      reconcile: reconcile.task,
      unseen: new Map([
        ['record-failure', functions.recordFailure],
        ['reconcile', reconcile.task],
        ['count-trends', trends.count],
        ['report-trends', trends.report],
      ]),
    });
    new Dashboard(this, 'Dashboard', { ...watched, deployment, stateMachine });
    if (environment.billed && settings.monthlyBudgetUsd > 0) new Budget(this, 'Budget', { monthlyUsd: settings.monthlyBudgetUsd, topics });

    new CfnOutput(this, 'StateMachineArn', { value: stateMachine.stateMachineArn });
    new CfnOutput(this, 'LiveStateMachineArn', { value: imageAnalysis.liveArn });
    new CfnOutput(this, 'BulkImportArn', { value: bulkImport.stateMachine.stateMachineArn });
    new CfnOutput(this, 'AlertsTopicArn', { value: topics.alerts.topicArn });
    new CfnOutput(this, 'OperationsTopicArn', { value: topics.operations.topicArn });
    // 0 stands for the region's default quota, which the command line knows.
    new CfnOutput(this, 'RekognitionCallsPerSecond', { value: String(settings.rekognitionCallsPerSecond) });
    new CfnOutput(this, 'EventsDeadLetterQueueUrl', { value: deadLetterQueue.queueUrl });
    // The command line marks records FAILED as the functions do, and these expire as long after.
    new CfnOutput(this, 'RetentionDays', { value: String(settings.retentionDays) });
    // `make deploy` reads it, so that a deployment without changes stays one.
    if (props.releaseId !== undefined) new CfnOutput(this, 'ReleaseId', { value: props.releaseId });
  }
}
