import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DataKey } from './data-key.ts';
import type { Environment } from './environment.ts';
import { ImageBucket } from './image-bucket.ts';
import type { Settings } from './settings.ts';
import { Records, TrendCounters } from './tables.ts';

export interface StatefulStackProps extends StackProps {
  readonly environment: Environment;
  readonly settings: Settings;
}

/** The resources that hold data and are kept when their stack is deleted: the key, the buckets, the tables. */
export class StatefulStack extends Stack {
  readonly dataKey: DataKey;
  readonly images: ImageBucket;
  readonly records: Records;
  readonly trends: TrendCounters;

  constructor(scope: Construct, id: string, props: StatefulStackProps) {
    const { environment, settings } = props;
    super(scope, id, { description: 'sightline: images and records', terminationProtection: environment.isDataRetained, ...props });
    this.dataKey = new DataKey(this, 'DataKey', { environment });
    this.images = new ImageBucket(this, 'Images', {
      environment,
      dataKey: this.dataKey,
      retentionDays: settings.retentionDays,
      logRetentionDays: settings.logRetentionDays,
    });
    this.records = new Records(this, 'Records', { environment, dataKey: this.dataKey });
    this.trends = new TrendCounters(this, 'Trends', { environment, dataKey: this.dataKey });
    new CfnOutput(this, 'ImagesBucketName', { value: this.images.bucket.bucketName });
    new CfnOutput(this, 'RecordsTableName', { value: this.records.records.tableName });
    new CfnOutput(this, 'LabelIndexTableName', { value: this.records.labelIndex.tableName });
    new CfnOutput(this, 'TrendsTableName', { value: this.trends.table.tableName });
  }
}
