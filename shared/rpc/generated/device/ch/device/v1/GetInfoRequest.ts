// Original file: proto/ch/device/v1/device.proto


export interface GetInfoRequest {
}

export interface GetInfoRequest__Output {
}
