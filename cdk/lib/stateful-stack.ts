import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DataKey } from './data-key.ts';
import type { Environment } from './environment.ts';
import { ImageBucket } from './image-bucket.ts';
import type { Settings } from './settings.ts';
import { MediaSecret } from './media.ts';
import { People } from './people.ts';
import { Records, TrendCounters } from './tables.ts';

export interface StatefulStackProps extends StackProps {
  readonly environment: Environment;
  readonly settings: Settings;
  /** Name of the deployment. */
  readonly deployment: string;
}

/** What the web stack needs of this stack; only there if the settings want the page. */
export interface WebState {
  readonly people: People;
  readonly mediaSecret: MediaSecret;
}

/** The resources that hold data and are kept when their stack is deleted: the key, the buckets, the tables, the accounts. */
export class StatefulStack extends Stack {
  readonly dataKey: DataKey;
  readonly images: ImageBucket;
  readonly records: Records;
  readonly trends: TrendCounters;
  private readonly webState: WebState | undefined;

  constructor(scope: Construct, id: string, props: StatefulStackProps) {
    const { deployment, environment, settings } = props;
    super(scope, id, { description: 'sightline: images and records', terminationProtection: environment.isDataRetained, ...props });
    this.dataKey = new DataKey(this, 'DataKey', { environment });
    if (settings.web) this.dataKey.allowDistributions();
    this.images = new ImageBucket(this, 'Images', {
      environment,
      dataKey: this.dataKey,
      retentionDays: settings.retentionDays,
      logRetentionDays: settings.logRetentionDays,
      page: settings.web ? { origin: settings.webOrigin || 'https://*.cloudfront.net' } : undefined,
    });
    this.records = new Records(this, 'Records', { environment, dataKey: this.dataKey });
    this.trends = new TrendCounters(this, 'Trends', { environment, dataKey: this.dataKey });
    if (settings.web) {
      const people = new People(this, 'People', { environment, deployment, canSignUp: settings.signUp });
      const mediaSecret = new MediaSecret(this, 'MediaSecret', { environment });
      this.webState = { people, mediaSecret };
      new CfnOutput(this, 'UserPoolId', { value: people.pool.userPoolId });
      new CfnOutput(this, 'MediaSecretArn', { value: mediaSecret.arn });
    }
    new CfnOutput(this, 'ImagesBucketName', { value: this.images.bucket.bucketName });
    new CfnOutput(this, 'RecordsTableName', { value: this.records.records.tableName });
    new CfnOutput(this, 'LabelIndexTableName', { value: this.records.labelIndex.tableName });
    new CfnOutput(this, 'TrendsTableName', { value: this.trends.table.tableName });
  }

  /**
   * The accounts and the secret of the page.
   *
   * @throws TypeError if the settings do not want the page.
   */
  web(): WebState {
    if (this.webState === undefined) throw new TypeError('the settings do not want the page');
    return this.webState;
  }
}
