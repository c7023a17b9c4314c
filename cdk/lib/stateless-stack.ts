import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Alarms, Budget } from './alarms.ts';
import { BulkImport } from './bulk-import.ts';
import { Dashboard } from './dashboard.ts';
import type { Environment } from './environment.ts';
import { ImageAnalysis } from './image-analysis.ts';
import { DeadLetterQueue, Topics } from './messaging.ts';
import { Metrics } from './metrics.ts';
import { PipelineFunctions } from './pipeline-functions.ts';
import { Reconcile } from './reconcile.ts';
import type { Settings } from './settings.ts';
import type { ReleaseMode } from './state-machine.ts';
import type { StatefulStack } from './stateful-stack.ts';
import type { FunctionDefaults } from './task-function.ts';
import { Trends } from './trends.ts';
import { FailureTrigger, UploadTrigger } from './triggers.ts';

/** Paths of the state machines' ASL files. */
export interface Definitions {
  readonly imageAnalysis: string;
  readonly bulkImport: string;
}

export interface StatelessStackProps extends StackProps {
  readonly environment: Environment;
  readonly settings: Settings;
  /** Name of the deployment; names of resources begin with it. */
  readonly deployment: string;
  readonly defaults: FunctionDefaults;
  readonly definitions: Definitions;
  /** How a release takes over. */
  readonly releaseMode: ReleaseMode;
  /** Makes a new release of unchanged code, for example after a rollback. */
  readonly releaseId: string | undefined;
  readonly stateful: StatefulStack;
}

/** The resources that process the data. They can be deleted and deployed again at any time. */
export class StatelessStack extends Stack {
  readonly imageAnalysis: ImageAnalysis;
  readonly topics: Topics;

  constructor(scope: Construct, id: string, props: StatelessStackProps) {
    super(scope, id, { description: 'sightline: the image pipeline', ...props });
    const { defaults, deployment, environment, settings, stateful } = props;
    const { images, records } = stateful;
    const stateMachineName = `${deployment}-image-analysis`;
    const deadLetterQueue = new DeadLetterQueue(this, 'EventsDeadLetters').queue;
    const topics = new Topics(this, 'Topics', { dataKey: stateful.dataKey });
    const functions = new PipelineFunctions(this, 'Functions', {
      defaults,
      images,
      records,
      topics,
      stateMachineName,
      deadLetterQueue,
    });
    const alarms = new Alarms(this, 'Alarms', { environment, deployment, topics });
    const imageAnalysis = new ImageAnalysis(this, 'ImageAnalysis', {
      environment,
      alarms,
      releaseMode: props.releaseMode,
      stateMachineName,
      definitionFile: props.definitions.imageAnalysis,
      functions: functions.tasks,
      reviewTimeoutSeconds: settings.reviewTimeoutSeconds,
      logRetentionDays: settings.logRetentionDays,
    });
    const { stateMachine } = imageAnalysis;
    const reconcile = new Reconcile(this, 'Reconcile', { defaults, images, records, imageAnalysis });
    const trends = new Trends(this, 'Trends', { defaults, records, counters: stateful.trends, topics });
    const bulkImport = new BulkImport(this, 'BulkImport', {
      environment,
      defaults,
      stateMachineName: `${deployment}-bulk-import`,
      definitionFile: props.definitions.bulkImport,
      images,
      records,
      imageAnalysis,
    });
    this.imageAnalysis = imageAnalysis;
    this.topics = topics;
    new UploadTrigger(this, 'UploadTrigger', { bucket: images.bucket, imageAnalysis, deadLetterQueue });
    new FailureTrigger(this, 'FailureTrigger', { stateMachine, recordFailure: functions.recordFailure, deadLetterQueue });

    const metrics = new Metrics(deployment);
    const sources = { metrics, deadLetterQueue, countTrends: trends.count };
    alarms.raiseForPipeline({
      ...sources,
      uncounted: trends.uncounted,
      reconcile: reconcile.task,
      outsideExecutions: new Map([
        ['record-failure', functions.recordFailure],
        ['reconcile', reconcile.task],
        ['count-trends', trends.count],
        ['report-trends', trends.report],
      ]),
    });
    new Dashboard(this, 'Dashboard', { ...sources, deployment, stateMachine });
    if (environment.isBilled && settings.monthlyBudgetUsd > 0) new Budget(this, 'Budget', { monthlyUsd: settings.monthlyBudgetUsd, topics });

    new CfnOutput(this, 'StateMachineArn', { value: stateMachine.stateMachineArn });
    new CfnOutput(this, 'LiveStateMachineArn', { value: imageAnalysis.liveArn });
    new CfnOutput(this, 'BulkImportArn', { value: bulkImport.stateMachine.stateMachineArn });
    new CfnOutput(this, 'AlertsTopicArn', { value: topics.alerts.topicArn });
    new CfnOutput(this, 'OperationsTopicArn', { value: topics.operations.topicArn });
    // 0 means the region's default quota, which the command line knows.
    new CfnOutput(this, 'RekognitionCallsPerSecond', { value: String(settings.rekognitionCallsPerSecond) });
    new CfnOutput(this, 'EventsDeadLetterQueueUrl', { value: deadLetterQueue.queueUrl });
    // The command line also marks records FAILED; they must expire after the same time.
    new CfnOutput(this, 'RetentionDays', { value: String(settings.retentionDays) });
    // `make deploy` reads it and passes the same id again, so that a deployment without changes changes nothing.
    if (props.releaseId !== undefined) new CfnOutput(this, 'ReleaseId', { value: props.releaseId });
  }
}
