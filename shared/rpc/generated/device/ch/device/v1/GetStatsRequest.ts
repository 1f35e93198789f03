// Original file: proto/ch/device/v1/device.proto


export interface GetStatsRequest {
}

export interface GetStatsRequest__Output {
}
