"""Three small legacy apps in the manner of the real ones, and `sekisho demo`, which starts them behind a gateway.

The apps know nothing of the gateway. Every password is `demo`. The paths, as `routes.yaml` at the root names them:

    portal       127.0.0.1:18081, owns /          UTF-8
      /                              302 to /login or /top
      /login          GET POST       form fields login_id, password; POST: 302 to /top; wrong: 200, the page
                                     again with <p id="login-error">IDまたはパスワードが違います。</p>
      /sp/login       GET POST       for phones; POST: 200 with the menu page itself (<ul id="menu">);
                                     wrong: 200, the same message
      /top  /sp/top   GET            menu, <ul id="menu">; each icon is a <li id="icon-…" class="icon">:
                                       icon-shugyo     /shugyo/punch      ネットde就業
                                       icon-meisai     /meisai/list?emp=… ネットde明細
                                       icon-uketsuke   /uketsuke/         ネットde受付
                                       icon-kashikin   /kashikin/         ネットde貸金WEB
                                       icon-shinsei    /shinsei/          ネットde電子申請
                                       icon-mynumber   /mynumber/         ネットdeマイナンバー
                                     and links <li id="link-password"> (/password), <li id="link-logout">;
                                     A-IDs also have <table id="office-menu"> with the links of an office
                                     (/jigyosho/ /oshirase/toroku /option/)
      /oshirase  /oshirase/view?id=N            notices (also shown in /top, <div id="oshirase">)
      /password       GET POST       fields token (CSRF), old, new, again; POST renews the value of JSESSIONID
      /logout         GET POST       302 to /login, JSESSIONID deleted, session gone
      /lang?to=ja|en  GET            cookie lang, 302 to /top
      /uketsuke/      GET            documents sent in; /uketsuke/upload POST (multipart, field file);
                                     /uketsuke/file?id=N GET
      /kashikin/ /shinsei/ /mynumber/ /jigyosho/ /oshirase/toroku /option/      GET, a page each
      /static/…       GET            style sheet and images, cacheable, no session (also on the sign-in pages)
    attendance   127.0.0.1:18082, owns /shugyo    Shift_JIS (cp932)
      /shugyo/                       302 to /shugyo/punch
      /shugyo/punch   GET POST       POST field kubun = shukkin|gaishutsu|modori|taisha; 302 to /shugyo/punch
      /shugyo/genzai  GET            JSON, the present state, fetched by the punch page's script
      /shugyo/sheet?month=YYYYMM     attendance sheet; without month: this month's
      /shugyo/sheet/csv?month=YYYYMM download, file name in raw Shift_JIS bytes in Content-Disposition
      /shugyo/todoke  GET POST       own applications; POST fields shurui, hizuke, riyu (Shift_JIS); 302 to the status
      /shugyo/todoke/new  GET        /shugyo/todoke/status?id=N  GET
      /shugyo/shift?month=YYYYMM     /shugyo/nenji?year=YYYY    shift table, the year's totals      GET
      /shugyo/jocho   GET POST       supervisor (POST field id approves), /shugyo/somu GET, /shugyo/master GET
      /shugyo/img/…   GET            images
    payslip      127.0.0.1:18083, owns /meisai    UTF-8; emp is the employee number of the ID (01, 99; A-IDs: 0001)
      /meisai/                       302 to /meisai/list?emp=…
      /meisai/list?emp=NN            GET
      /meisai/view?emp=NN&month=YYYYMM     GET, pay;  /meisai/shoyo?emp=NN&month=YYYYMM  GET, bonus (June, December)
      /meisai/pdf?emp=NN&month=YYYYMM      GET, application/pdf
      /meisai/kensaku POST           form fields emp, nen, tsuki; 302 to /meisai/view?…
      /meisai/gensen?emp=NN&year=YYYY      GET, tax slip
      /meisai/kanri   GET            managers: everyone's;  POST field month publishes
      /meisai/img/…   GET            images

Who there is (`people.py`) the apps know by heart. `people_file.py` writes the same into people.db in the demo's folder,
which stands for the operator's own database: tables establishments(code, office, name, kana) and people(login_id, kind,
office, establishment, employee, role, name). It is made once; what somebody changes in it stays until `make clean`.

Cookies: JSESSIONID (Path=/, set before sign-in, kept at sign-in, sent again by /top), SHUGYO_STATE
(Path=/shugyo, set by attendance), MEISAI_TICKET (Path=/meisai, another value at every page), lang (Path=/,
harmless: may pass).
Without a session every page of every app answers 302 to /login; signed in without the
right it is 200 with 権限がありません。
"""
