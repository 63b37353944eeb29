#include <doctest/doctest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "compare_examples.hpp"

using namespace tidemark::present;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* golden_subject = R"({
  "process_name": "rq",
  "phase": null,
  "only_before": false,
  "only_after": false,
  "peak_bytes": {
    "before": 4718592000,
    "after": 3764597555.2,
    "difference": -953994444.8000002,
    "difference_lower_95": -953994446.8000002,
    "difference_upper_95": -953994442.8000002,
    "ratio": 1.253412066180157,
    "no_growth_after": false,
    "change": "unclear"
  },
  "growth_bytes": {
    "before": 4055157964.8,
    "after": 943718.4,
    "difference": -4054214246.4,
    "difference_lower_95": -4055787110.4,
    "difference_upper_95": -4052641382.4,
    "ratio": 4297,
    "no_growth_after": false,
    "change": "better"
  },
  "retained_percent": {
    "before": 100,
    "after": 0.03,
    "difference": -99.97,
    "difference_lower_95": -101.97,
    "difference_upper_95": -97.97,
    "ratio": null,
    "no_growth_after": false,
    "change": "better"
  },
  "slope_bytes_per_hour": {
    "before": 325582848,
    "after": -1048.576,
    "difference": -325583896.576,
    "difference_lower_95": -325583898.576,
    "difference_upper_95": -325583894.576,
    "ratio": null,
    "no_growth_after": true,
    "change": "unclear"
  },
  "cpu_mean_percent": {
    "before": 31.25,
    "after": 33,
    "difference": 1.75,
    "difference_lower_95": -0.25,
    "difference_upper_95": 3.75,
    "ratio": 0.946969696969697,
    "no_growth_after": false,
    "change": "unclear"
  },
  "cpu_peak_percent": {
    "before": 390,
    "after": 408.9,
    "difference": 18.899999999999977,
    "difference_lower_95": 16.899999999999977,
    "difference_upper_95": 20.899999999999977,
    "ratio": 0.9537784299339692,
    "no_growth_after": false,
    "change": "worse"
  },
  "duration_seconds": {
    "before": 730,
    "after": 725,
    "difference": -5,
    "difference_lower_95": null,
    "difference_upper_95": null,
    "ratio": 1.006896551724138,
    "no_growth_after": false,
    "change": "not_judged"
  }
})";

}  // namespace

TEST_CASE("golden: one subject of a comparison as JSON") {
  const Json json = Json::parse(compare_json(examples::the_fix()));
  CHECK(json["subjects"][1].dump(2) == golden_subject);
}

TEST_CASE("the whole of a comparison as JSON") {
  const Json json = Json::parse(compare_json(examples::the_fix()));
  CHECK(json["schema"] == 1);
  CHECK(json["tool"].get<std::string>().rfind("tidemark ", 0) == 0);
  CHECK(json["subjects"].size() == 3);
  CHECK(json["subjects"][0]["process_name"].is_null());
  CHECK(json["subjects"][2]["only_after"] == true);
  CHECK(json["subjects"][2]["peak_bytes"]["before"].is_null());
  CHECK(json["subjects"][2]["peak_bytes"]["ratio"].is_null());
  CHECK_FALSE(json["subjects"][2].contains("slope_bytes_per_hour"));
  CHECK(json["phases"][0]["phase"] == "long audio");
  CHECK(json["phases"][0]["duration_seconds"]["before"] == 126.6);
  CHECK(json["before"]["file"] == "before.csv");
  CHECK(json["before"]["verdict"] == "peak_retained");
  CHECK(json["after"]["verdict"] == "peak_released");
  CHECK(json["after"]["tree"]["samples"] == 730);
  CHECK(json["rules"].size() == 2);
  CHECK(json["rules"][0]["rule"] == "growth>20MB");
}

TEST_CASE("hostile names stay JSON, and what is no number is null") {
  CompareView view = examples::hostile_comparison();
  view.compared.subjects[0].metrics[0].before = std::numeric_limits<double>::infinity();
  const Json json = Json::parse(compare_json(view));
  CHECK(json["subjects"][0]["peak_bytes"]["before"].is_null());
  CHECK(json["subjects"][2]["process_name"].get<std::string>().rfind("\\x1b[31m", 0) == 0);
}
